"""The Stanford Sentiment Treebank as a tensorflow-datasets builder, without TensorFlow."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from attnjax.data.corpus import SPLITS
from attnjax.data.sst_files import ADDRESSES, LABELS, downloaded_files, read_examples


class SentimentTreebank(tfds.core.GeneratorBasedBuilder):
    """Sentences of film reviews with their sentiment, in the official splits.

    Config `authors_csv`: the binary task as the authors of "Attention is not Explanation"
    tokenised it. Config `trees`: the treebank's own words and five classes.

    Args:
        files: the source files as `sst_files.local_files` returns them; else they are
            downloaded.
        **options: of every builder (`config`, `data_dir`, `file_format`).
    """

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [  # noqa: RUF012 (the base class reads a plain list)
        tfds.core.BuilderConfig(name="authors_csv", description="Binary, tokenised by J&W."),
        tfds.core.BuilderConfig(name="trees", description="Five classes, the treebank's words."),
    ]

    def __init__(self, *, files: Mapping[str, Path] | None = None, **options: Any) -> None:
        self.files = files
        super().__init__(**options)

    @property
    def source(self) -> str:
        """Which files: the name of the config."""
        assert self.builder_config is not None, "there are configs, so one is chosen"
        return self.builder_config.name

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "text": tfds.features.Text(),
            "label": tfds.features.ClassLabel(names=LABELS[self.source]),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Stanford Sentiment Treebank, whole sentences.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("text", "label"),
            homepage=ADDRESSES[self.source],
            # Instances keep the order of their source, so that the first one is the first one.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        files = self.files
        if files is None:
            files = downloaded_files(self.source, Path(dl_manager.download_dir))
        examples = read_examples(self.source, files)
        return {split: self._generate_examples(examples[split]) for split in SPLITS}

    def _generate_examples(self, examples: list) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, example in enumerate(examples):
            yield index, example._asdict()
