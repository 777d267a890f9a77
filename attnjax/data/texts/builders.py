"""Every data set of labelled texts as a tensorflow-datasets builder, without TensorFlow."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from attnjax.data.labelled import Record
from attnjax.data.texts.places import find_files
from attnjax.data.texts.source import Reading, Source
from attnjax.data.tfds_source import read_split
from attnjax.errors import DataError


class LabelledTexts(tfds.core.GeneratorBasedBuilder):
    """Texts with their labels, and what is asked of them where the data set has that.

    Every record of a `Reading` is one example: `text`, `label` and `origin`; `question` (none
    or one), `candidates` and `rationale` (empty where the record has none). Why texts were
    left out, the notes and the names of the splits are kept as metadata.

    Args:
        source: which data set.
        files: its files by part; else they are found or downloaded.
        **options: of every builder (`data_dir`, `file_format`).
    """

    VERSION = tfds.core.Version("1.0.0")

    def __init__(
        self, *, source: Source, files: Mapping[str, Path] | None = None, **options: Any
    ) -> None:
        self.source = source
        self.files = files
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "text": tfds.features.Text(),
            "label": tfds.features.Text(),
            "origin": tfds.features.Text(),
            "question": tfds.features.Sequence(tfds.features.Text()),
            "candidates": tfds.features.Sequence(tfds.features.Text()),
            "rationale": tfds.features.Tensor(shape=(None,), dtype=np.bool_),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.source.title,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("text", "label"),
            metadata=tfds.core.MetadataDict(),
            # Instances keep the order of their source, so that the first one is the first one.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        files = self.files
        if files is None:
            files = find_files(self.source, "", Path(dl_manager.download_dir))
        reading = self.source.read(files)
        _check(self.source, reading)
        metadata = self.info.metadata
        assert isinstance(metadata, dict), "_info makes it one"
        metadata.update(
            dropped=dict(reading.dropped),
            notes=list(reading.notes),
            splits=list(reading.records),
        )
        return {
            split: self._generate_examples(records)
            for split, records in reading.records.items()
            if records  # a split without examples cannot be written: the metadata has its name
        }

    def _generate_examples(self, records: Sequence[Record]) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, record in enumerate(records):
            _check_record(record)
            example = {
                "text": record.text,
                "label": record.label,
                "origin": record.origin,
                "question": [] if record.question is None else [record.question],
                "candidates": list(record.candidates or ()),
                "rationale": np.array(record.rationale or (), bool),
            }
            yield index, example


def read_prepared(builder: Any, *, title: str) -> Reading:
    """Return what a reader found in the files, from its prepared copy.

    Args:
        builder: a `LabelledTexts`, prepared.
        title: of the data set, for messages.

    Raises:
        DataError: if the copy cannot be read.
    """
    metadata = builder.info.metadata
    records = {
        split: [_record(row) for row in read_split(builder, split, name=title)]
        if split in builder.info.splits
        else []
        for split in metadata["splits"]
    }
    return Reading(records, Counter(metadata["dropped"]), tuple(metadata["notes"]))


def _record(row: Mapping[str, Any]) -> Record:
    return Record(
        text=row["text"].decode(),
        label=row["label"].decode(),
        origin=row["origin"].decode(),
        question=row["question"][0].decode() if len(row["question"]) else None,
        candidates=tuple(name.decode() for name in row["candidates"]) or None,
        rationale=tuple(row["rationale"].tolist()) or None,
    )


def _check(source: Source, reading: Reading) -> None:
    """Raise for what cannot be written."""
    if not any(reading.records.values()):
        left_out = ", ".join(f"{reason}: {size}" for reason, size in reading.dropped.items())
        raise DataError(
            source.title,
            found=f"no texts ({left_out or 'empty files'})",
            expected="at least one",
            action="check that these are the right files",
        )


def _check_record(record: Record) -> None:
    """Raise for a record that would be read back as something else."""
    if record.candidates == ():
        raise DataError(
            record.origin,
            found="no candidates",
            expected="possible answers, the right one among them",
            action="correct the file",
        )
    if record.rationale == ():
        raise DataError(
            record.origin,
            found="a rationale for a text without words",
            expected="at least one word",
            action="correct the file",
        )
