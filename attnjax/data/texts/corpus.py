"""A data set of labelled texts as a corpus: its files, prepared once, then chosen and split."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import attnjax
from attnjax.config import DataConfig
from attnjax.data.cache import cache_folder
from attnjax.data.corpus import Corpus
from attnjax.data.labelled import label_corpus
from attnjax.data.text import configured_tokenizer
from attnjax.data.texts.places import content_digest, find_files
from attnjax.data.texts.source import Reading, Source, Task
from attnjax.data.texts.tasks import is_filtered, task_of
from attnjax.data.tfds_source import prepare


def texts_corpus(config: DataConfig, *, cache_dir: Path | None = None) -> Corpus:
    """Return the data set that a config names, prepared once and kept in the cache.

    Args:
        config: `name`, `dir`, `filter`, the tokenizer and the settings of cut splits are read.
        cache_dir: where to prepare it; else see `cache_folder`.

    Raises:
        DataError: if the files are missing, damaged or cannot be downloaded.

    Example: `python train.py --config=configs/mr.py`.
    """
    task, cache = task_of(config), cache_folder(cache_dir)
    files = find_files(task.source, config.dir, cache / "downloads")
    return task_corpus(task, prepared_reading(task.source, files, cache), config)


def prepared_reading(source: Source, files: Mapping[str, Path], cache: Path) -> Reading:
    """Return what a source's reader finds in the files, read once for the same content.

    The copy lies in a folder named by all that the texts depend on: the content of the files,
    which reader, and the version of this package.

    Args:
        source: which data set.
        files: by part.
        cache: the folder for prepared data.

    Raises:
        DataError: naming file and line of what is not as it should be.
    """
    from attnjax.data.texts.builders import LabelledTexts, read_prepared

    reader = hashlib.sha256(f"{source.title} {attnjax.__version__}".encode()).hexdigest()[:8]
    folder = cache / f"{source.folder.replace('/', '-')}-{content_digest(files)}-{reader}"
    builder = prepare(
        lambda: LabelledTexts(
            source=source, files=files, data_dir=str(folder), file_format="array_record"
        ),
        name=source.title,
    )
    return read_prepared(builder, title=source.title)


def task_corpus(task: Task, reading: Reading, config: DataConfig) -> Corpus:
    """Return the texts that a task uses as a corpus, splits that are not given cut from train.

    Args:
        task: which texts and classes.
        reading: all texts.
        config: `name`, `filter`, the tokenizer and the settings of cut splits are read.

    Raises:
        DataError: for texts, labels or splits that cannot be trained on.

    Example:
        >>> from collections import Counter
        >>> from attnjax.data.labelled import Record
        >>> texts = [Record(f"so {i}", "ab"[i % 2], f"line {i}") for i in range(20)]
        >>> task = Task(Source("toy", {}, dict, folder="toy"), class_names=("b", "a"))
        >>> reading = Reading({"train": texts}, Counter(blank=1))
        >>> corpus = task_corpus(task, reading, DataConfig())
        >>> corpus.class_names, len(corpus.splits["test"]), corpus.dropped
        (('b', 'a'), 4, {'blank': 1})
    """
    chosen = task.choose(reading, config)
    corpus = label_corpus(
        config.name,
        chosen.records,
        tokenize=configured_tokenizer(config, separated=task.whitespace),
        dev_fraction=config.dev_fraction,
        test_fraction=config.test_fraction,
        split_seed=config.split_seed,
        class_names=task.class_names,
        dropped=chosen.dropped,
    )
    other = task.published_size not in (0, len(chosen.records["train"]))
    papers = config.filter == "paper" or not is_filtered(config.name)
    published = task.published if papers and not other else None
    return replace(corpus, published=published, notes=chosen.notes)
