"""Any tensorflow-datasets data set as a corpus, read without TensorFlow."""

import contextlib
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attnjax.config import DataConfig
from attnjax.data.cache import cache_folder
from attnjax.data.corpus import Corpus
from attnjax.data.labelled import Record, label_corpus
from attnjax.data.text import configured_tokenizer
from attnjax.errors import DataError, UserError, suggestion

FORMAT = "array_record"
"""The one format of tensorflow-datasets that is read without TensorFlow, at random positions."""


def tfds_corpus(config: DataConfig, *, cache_dir: Path | None = None) -> Corpus:
    """Return a data set by its name, prepared once.

    Instances without a label (-1) or without words are left out and counted. A split whose
    expression is empty is cut from train, with `config.split_seed`.

    Args:
        config: `tfds_name`, the columns and the split expressions are read; data already
            prepared, or to be prepared, lie in `dir`.
        cache_dir: where to prepare it if `dir` is empty; else see `cache_folder`.

    Raises:
        DataError: for an unknown name, column or split, or data that cannot be had.

    Example: `python train.py --config.data.name=tfds --config.data.tfds_name=ag_news_subset
    --config.data.text_column=description`.
    """
    import tensorflow_datasets as tfds

    name = config.tfds_name
    folder = Path(config.dir).expanduser() if config.dir else cache_folder(cache_dir) / "tfds"
    builder = prepare(
        lambda: tfds.builder(name, data_dir=str(folder), file_format=FORMAT), name=name
    )
    text_column, label_column = _columns(builder, config)
    class_names = getattr(builder.info.features[label_column], "names", None) or ()
    expressions = {"train": config.train_split, "dev": config.dev_split, "test": config.test_split}
    split_words = configured_tokenizer(config, separated=False)
    records: dict[str, list[Record]] = {}
    dropped: Counter[str] = Counter()
    for split, expression in expressions.items():
        if not expression:
            continue
        records[split] = []
        for position, row in enumerate(read_split(builder, expression, name=name)):
            text, label = _string(row[text_column]), _label(row[label_column], class_names)
            if label is None:
                dropped["no label"] += 1
            elif not split_words(text):
                dropped["no words"] += 1
            else:
                origin = f"{name}, {expression}, example {position}"
                records[split].append(Record(text, label, origin))
    return label_corpus(
        name,
        records,
        tokenize=split_words,
        dev_fraction=config.dev_fraction,
        test_fraction=config.test_fraction,
        split_seed=config.split_seed,
        class_names=class_names,
        dropped=dropped,
    )


def prepare(make_builder: Callable[[], Any], *, name: str) -> Any:
    """Make a builder and have it download and write its data, unless that is done already.

    An interrupted preparation leaves a folder of another name, so it is never taken for a
    finished one.

    Args:
        make_builder: the builder, with its folder.
        name: of the data set, for messages.

    Raises:
        DataError: for an unknown name, a failed download, a builder that needs TensorFlow or
            a disk that cannot be written.
    """
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.registered import DatasetNotFoundError

    tfds.disable_progress_bar()
    try:
        builder = make_builder()
        if not Path(builder.data_path).exists():
            print(f"Preparing {name} in {builder.data_path}", flush=True)
            builder = _prepared(builder, make_builder)
    except DatasetNotFoundError as error:
        near = suggestion(name, tfds.list_builders(with_community_datasets=False))
        raise DataError(
            "config.data.tfds_name",
            found=f"{name!r}{near}",
            expected="a data set of tensorflow-datasets that loads without TensorFlow",
            action="see https://www.tensorflow.org/datasets/catalog/overview for the names",
        ) from error
    except ImportError as error:
        raise DataError(
            f"tensorflow-datasets {name!r}",
            found=str(error),
            expected="a data set that can be prepared with what is installed",
            action="install what is missing (often `pip install tensorflow`), only for this step",
        ) from error
    except UserError:
        raise
    # What tensorflow-datasets itself raises: a failed download or disk (OSError), a config or
    # checksum that does not fit (ValueError), a version it does not have or a folder that is not
    # one of its own (AssertionError), a format that needs TensorFlow (NotImplementedError).
    except (OSError, ValueError, AssertionError, NotImplementedError) as error:
        raise DataError(
            f"tensorflow-datasets {name!r}",
            found=f"{type(error).__name__}: {str(error).strip()[:400]}",
            expected="data that can be downloaded and written",
            action="check the connection, the disk and --config.data.dir, then run again",
        ) from error
    return builder


def _prepared(builder: Any, make_builder: Callable[[], Any]) -> Any:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # its own report is ours, twice over
            builder.download_and_prepare()
    except FileExistsError:
        # Another run that was started at the same time has finished the same data first.
        if not Path(builder.data_path).exists():
            raise
        builder = make_builder()
    return builder


def read_split(builder: Any, split: str, *, name: str) -> list[dict[str, Any]]:
    """Return the rows of a prepared split, in the order of the builder.

    Args:
        builder: prepared.
        split: a split expression of tensorflow-datasets, such as `train[:10%]`.
        name: of the data set, for messages.

    Raises:
        DataError: for an expression that does not fit the data, or data that cannot be read.
    """
    try:
        source = builder.as_data_source(split=split)
        # All at once: one record at a time is many times slower.
        return list(source.__getitems__(range(len(source)))) if len(source) else []
    except (ValueError, KeyError) as error:
        known = ", ".join(builder.info.splits or ())
        raise DataError(
            f"{name}, split {split!r}",
            found=str(error).strip()[:200],
            expected=f"an expression over the splits {known}, such as 'train[:10%]'",
            action="correct config.data.train_split, dev_split or test_split",
        ) from error
    # What it raises for data in another format (the first two) and array_record for files that
    # are missing or damaged (the others).
    except (NotImplementedError, ImportError, OSError, RuntimeError) as error:
        raise DataError(
            str(builder.data_path),
            found=f"{type(error).__name__}: {str(error).strip()[:200]}",
            expected=f"data in the format {FORMAT}",
            action="delete the folder, or name another one by --config.data.dir, and run again",
        ) from error


def _columns(builder: Any, config: DataConfig) -> tuple[str, str]:
    """Return the two columns, after checking that the data set has them."""
    columns = list(builder.info.features)
    for setting in ("text_column", "label_column"):
        column = getattr(config, setting)
        if column not in columns:
            raise DataError(
                f"config.data.{setting}",
                found=f"{column!r}{suggestion(column, columns)}",
                expected=f"a column of {config.tfds_name}: {', '.join(columns)}",
                action=f"set --config.data.{setting}=NAME",
            )
    return config.text_column, config.label_column


def _string(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def _label(value: Any, class_names: Sequence[str]) -> str | None:
    """Return a label by its name, or None for the -1 of unlabelled data."""
    if isinstance(value, bytes):
        return _string(value)
    if int(value) < 0:
        return None
    return class_names[int(value)] if class_names else str(int(value))
