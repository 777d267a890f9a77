"""SST-2 as GLUE distributes it: phrases to train on, whole sentences to be judged by."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from attnjax.data.labelled import Record
from attnjax.data.reading import line_error, raise_some
from attnjax.data.texts.archives import Line, part_lines
from attnjax.data.texts.sentences import no_texts
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

LABELS = {"0": "negative", "1": "positive"}


def read_sst2(files: Mapping[str, Path]) -> Reading:
    r"""Return phrases (train) and sentences (test, which is GLUE's dev).

    GLUE keeps the labels of its own test sentences to itself: they are counted as dropped.
    So its dev sentences are the test split, and a dev split is cut from the phrases. Phrases of
    one sentence then stand on both sides of the cut: a score on dev chooses an epoch, it does
    not estimate what the model can do.

    Args:
        files: `train` and `dev`, tab-separated with the header `sentence`, `label`; `test`
            (`index`, `sentence`) may be missing. Or the official archive for each.

    Raises:
        DataError: naming file and line.

    Source: Wang et al. (2019), GLUE; Socher et al. (2013).

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "dev.tsv"
        >>> _ = path.write_text("sentence\tlabel\nso dull \t0\n")
        >>> read_sst2({"train": path, "dev": path}).records["test"][0].text
        'so dull'
    """
    records: dict[str, list[Record]] = {}
    dropped: Counter[str] = Counter()
    errors: list[UserError] = []
    for part, split in (("train", "train"), ("dev", "test")):
        records[split] = []
        for line in _rows(files[part], part, ["sentence", "label"], dropped, errors):
            sentence, label = line.text.split("\t")
            if label.strip() not in LABELS:
                found = f"label {label.strip()!r}"
                errors.append(line_error(line.where, line.number, found, "0 or 1"))
            elif not sentence.strip():
                dropped["blank line"] += 1
            else:
                text, name = sentence.strip(), LABELS[label.strip()]
                records[split].append(Record(text, name, line.origin))
        if not records[split] and not errors:
            raise no_texts(files[part])
    if "test" in files:
        unlabelled = _rows(files["test"], "test", ["index", "sentence"], dropped, errors)
        dropped["no label (the test sentences of GLUE)"] += len(unlabelled)
    raise_some(errors)
    return Reading(records, dropped)


def _rows(
    path: Path, part: str, header: list[str], dropped: Counter[str], errors: list[UserError]
) -> list[Line]:
    """Return the lines after the header that have its number of fields; blank ones are counted."""
    rows = []
    for line in part_lines(path, f"SST-2/{part}.tsv"):
        fields = line.text.split("\t")
        if line.number == 1:
            if fields != header:
                found, expected = f"the header {line.text[:60]!r}", f"{chr(9).join(header)!r}"
                errors.append(line_error(line.where, line.number, found, expected))
        elif not line.text.strip():
            dropped["blank line"] += 1
        elif len(fields) != len(header):
            found, expected = f"{len(fields)} fields", f"{len(header)}, separated by a tab"
            errors.append(line_error(line.where, line.number, found, expected))
        else:
            rows.append(line)
    return rows


SST2 = Source(
    title="SST-2 (GLUE)",
    parts={
        "train": ("train.tsv", "SST-2.zip"),
        "dev": ("dev.tsv", "SST-2.zip"),
        "test": ("test.tsv", "SST-2.zip"),
    },
    read=read_sst2,
    folder="glue/SST-2",
    addresses=dict.fromkeys(
        ("train", "dev", "test"), "https://dl.fbaipublicfiles.com/glue/data/SST-2.zip"
    ),
    optional=("test",),
)
