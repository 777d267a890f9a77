"""Small tensorflow-datasets builders; they must live in a package."""

import numpy as np
import tensorflow_datasets as tfds


class AttnjaxToy(tfds.core.GeneratorBasedBuilder):
    """Two splits, named classes, a text without words and one without label."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "sentence": tfds.features.Text(),
            "verdict": tfds.features.ClassLabel(names=["bad", "good"]),
            "number": tfds.features.Scalar(np.int32),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), disable_shuffling=True
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(60), "validation": self._generate_examples(10)}

    def _generate_examples(self, count):
        for i in range(count):
            text = "  " if i == 3 else f"Café number {i}!"
            verdict = -1 if i == 5 else i % 2
            yield i, {"sentence": text, "verdict": verdict, "number": i % 3}


class AttnjaxNeedsMore(AttnjaxToy):
    """Cannot be prepared: something is not installed."""

    def _split_generators(self, dl_manager):
        raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")


class AttnjaxRaced(AttnjaxToy):
    """Another process finishes the same data while this one prepares them."""

    def _split_generators(self, dl_manager):
        other = AttnjaxRaced(data_dir=self.data_dir_root, file_format="array_record")
        other._split_generators = lambda manager: AttnjaxToy._split_generators(other, manager)
        other.download_and_prepare()
        return super()._split_generators(dl_manager)


class AttnjaxOffline(AttnjaxToy):
    """Cannot be downloaded."""

    def _split_generators(self, dl_manager):
        raise ConnectionError("no route to host")
