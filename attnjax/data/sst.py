"""The Stanford Sentiment Treebank as a corpus: binary, with the paper's filter or without."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from attnjax.config import DataConfig
from attnjax.data.cache import cache_folder
from attnjax.data.corpus import SPLITS, Corpus
from attnjax.data.labelled import Record, label_corpus
from attnjax.data.sst_files import LABELS, downloaded_files, local_files
from attnjax.data.text import configured_tokenizer, split_spaces
from attnjax.data.texts.lengths import keep_lengths
from attnjax.data.texts.places import content_digest, data_folder
from attnjax.data.tfds_source import prepare, read_split

CLASSES = ("negative", "positive")
SHORTEST = 5
"""Words that a sentence must have more than, in the paper's filter."""


def sst_corpus(config: DataConfig, *, cache_dir: Path | None = None) -> Corpus:
    r"""Return the binary task, prepared once and kept in the cache.

    The filter `paper` keeps, in every split, the sentences with
    \\( 5 < n < \max n \\) words, strict at both ends: 6,355 / 821 / 1,725 of the authors'
    CSV. The vocabulary is counted before it, as the released code does (13,826 ids).

    Args:
        config: `dir`, `source`, `filter`, `tokenizer` and `lowercase` are read.
        cache_dir: where to prepare it; else see `cache_folder`.

    Raises:
        DataError: if the files are missing, damaged or cannot be downloaded.

    Source: Jain & Wallace (2019), section 3.1; the filter is that of the authors' release.

    Example: `python train.py --config=configs/sst.py`.
    """
    folder, cache = data_folder(config.dir), cache_folder(cache_dir)
    if folder is None:
        files = downloaded_files(config.source, cache / "downloads")
    else:
        files = local_files(config.source, folder)
    examples = _prepared(config.source, files, cache)
    dropped: Counter[str] = Counter()
    counted: list[str] = []
    records = {}
    for split in SPLITS:
        binary = _binary(config.source, split, examples[split], dropped)
        if split == "train":
            counted = [record.text for record in binary]
        records[split] = _paper(binary, dropped) if config.filter == "paper" else binary
    tokenize = configured_tokenizer(config, separated=True)
    corpus = label_corpus(
        "sst",
        records,
        tokenize=tokenize,
        dev_fraction=config.dev_fraction,
        test_fraction=config.test_fraction,
        split_seed=config.split_seed,
        class_names=CLASSES,
        dropped=dropped,
    )
    return replace(
        corpus,
        published="SST" if config.filter == "paper" else None,
        counted=tuple(tuple(tokenize(text)) for text in counted),
    )


def _prepared(
    source: str, files: Mapping[str, Path], cache: Path
) -> dict[str, list[tuple[str, str]]]:
    """Return texts and labels through the builder, in a folder named by the files' content."""
    from attnjax.data.sst_builder import SentimentTreebank

    folder = cache / f"sst-{content_digest(files)}"
    builder = prepare(
        lambda: SentimentTreebank(
            files=files, config=source, data_dir=str(folder), file_format="array_record"
        ),
        name=f"SST ({source})",
    )
    rows = {split: read_split(builder, split, name="SST") for split in SPLITS}
    names = LABELS[source]
    return {
        split: [(row["text"].decode(), names[row["label"]]) for row in rows[split]]
        for split in SPLITS
    }


def _binary(
    source: str, split: str, examples: list[tuple[str, str]], dropped: Counter[str]
) -> list[Record]:
    """Fold five classes into two; neutral sentences belong to neither."""
    records = []
    for number, (text, label) in enumerate(examples, start=1):
        if label == "neutral":
            dropped["neutral label"] += 1
            continue
        origin = f"SST ({source}), {split} sentence {number}"
        records.append(Record(text, label.removeprefix("very "), origin))
    return records


def _paper(records: list[Record], dropped: Counter[str]) -> list[Record]:
    """Keep what is longer than five words and shorter than the longest."""
    return keep_lengths(
        records,
        count=lambda text: len(split_spaces(text)),
        above=SHORTEST,
        below=None,
        dropped=dropped,
    )
