"""The sources of the tasks of one text or of two: GLUE's, SciTail, and MNLI in both formats."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from attnjax.data.gpt.task_tables import Layout, read_tables
from attnjax.data.texts.snli import read_pairs
from attnjax.data.texts.source import Reading, Source

GLUE = "https://dl.fbaipublicfiles.com/glue/data"

ENTAILMENT = {"entailment": "entailment", "not_entailment": "not_entailment"}
THREE = {name: name for name in ("entailment", "neutral", "contradiction")}
SAME = {"0": "different", "1": "same"}

COLA_LAYOUT = Layout(
    member="CoLA/PART.tsv",
    texts=("sentence",),
    label="label",
    labels={"0": "unacceptable", "1": "acceptable"},
    splits={"train": "train", "dev": "test", "out_of_domain": "test"},
    names=("source", "label", "mark", "sentence"),
)
MRPC_LAYOUT = Layout(
    member="msr_paraphrase_PART.txt",
    texts=("#1 String", "#2 String"),
    label="Quality",
    labels=SAME,
    splits={"train": "train", "test": "test"},
)
STSB_LAYOUT = Layout(
    member="STS-B/original/sts-PART.tsv",
    texts=("sentence1", "sentence2"),
    label="score",
    splits={"train": "train", "dev": "dev", "test": "test"},
    names=("genre", "file", "year", "id", "score", "sentence1", "sentence2"),
)
QQP_LAYOUT = Layout(
    member="PART.tsv",
    texts=("question1", "question2"),
    label="is_duplicate",
    labels=SAME,
    broken=True,
)
QNLI_LAYOUT = Layout(
    member="QNLI/PART.tsv", texts=("question", "sentence"), label="label", labels=ENTAILMENT
)
RTE_LAYOUT = Layout(
    member="RTE/PART.tsv", texts=("sentence1", "sentence2"), label="label", labels=ENTAILMENT
)
MNLI_LAYOUT = Layout(
    member="MNLI/PART.tsv",
    texts=("sentence1", "sentence2"),
    label="gold_label",
    labels=THREE,
    splits={"train": "train", "dev_matched": "test", "dev_mismatched": "test_mismatched"},
)
SCITAIL_LAYOUT = Layout(
    member="tsv_format/scitail_1.0_PART.tsv",
    texts=("premise", "hypothesis"),
    label="label",
    labels={"entails": "entailment", "neutral": "neutral"},
    splits={"train": "train", "dev": "dev", "test": "test"},
    names=("premise", "hypothesis", "label"),
)


def read_mnli(files: Mapping[str, Path]) -> Reading:
    """Read MNLI from GLUE's tables or the official JSON lines, or a mixture of them.

    Args:
        files: `train`, `dev_matched` (the test split) and `dev_mismatched`.

    Raises:
        DataError: naming file and line.

    Source: Williams, Nangia & Bowman (2018).
    """
    records, dropped = {}, Counter()
    tables = {}
    for part, path in files.items():
        if path.name.removesuffix(".gz").endswith(".jsonl"):
            split = MNLI_LAYOUT.splits[part]
            records[split] = read_pairs(path, "", dropped)
        else:
            tables[part] = path
    reading = read_tables(tables, layout=MNLI_LAYOUT)
    return Reading({**records, **reading.records}, dropped + reading.dropped)


def _glue(
    name: str,
    layout: Layout,
    parts: Mapping[str, tuple[str, ...]],
    archive: str,
    optional: tuple[str, ...],
) -> Source:
    """Return a task of GLUE: in a folder, or in the archive it is downloaded as."""
    return Source(
        title=f"{name} (GLUE)",
        parts={part: (*names, archive) for part, names in parts.items()},
        read=partial(read_tables, layout=layout),
        folder=f"glue/{name}",
        addresses={part: f"{GLUE}/{archive}" for part in parts if part in ("train", "dev")},
        optional=optional,
    )


_TABLES = {part: (f"{part}.tsv",) for part in ("train", "dev", "test")}

COLA = Source(
    title="CoLA",
    parts={
        "train": ("train.tsv", "in_domain_train.tsv", "raw/in_domain_train.tsv", "CoLA.zip"),
        "dev": ("dev.tsv", "in_domain_dev.tsv", "raw/in_domain_dev.tsv", "CoLA.zip"),
        "out_of_domain": ("out_of_domain_dev.tsv", "raw/out_of_domain_dev.tsv"),
    },
    read=partial(read_tables, layout=COLA_LAYOUT),
    folder="glue/CoLA",
    addresses=dict.fromkeys(("train", "dev"), f"{GLUE}/CoLA.zip"),
    optional=("out_of_domain",),
)
MRPC = Source(
    title="MRPC",
    parts={part: (f"msr_paraphrase_{part}.txt",) for part in ("train", "test")},
    read=partial(read_tables, layout=MRPC_LAYOUT),
    folder="glue/MRPC",
    addresses={
        part: f"https://dl.fbaipublicfiles.com/senteval/senteval_data/msr_paraphrase_{part}.txt"
        for part in ("train", "test")
    },
)
STSB = Source(
    title="STS-B",
    parts={
        part: (f"sts-{part}.tsv", f"original/sts-{part}.tsv", f"sts-{part}.csv", "STS-B.zip")
        for part in ("train", "dev", "test")
    },
    read=partial(read_tables, layout=STSB_LAYOUT),
    folder="glue/STS-B",
    addresses=dict.fromkeys(("train", "dev", "test"), f"{GLUE}/STS-B.zip"),
)
RTE = _glue("RTE", RTE_LAYOUT, _TABLES, "RTE.zip", ("test",))
QNLI = _glue("QNLI", QNLI_LAYOUT, _TABLES, "QNLIv2.zip", ("train", "test"))
QQP = _glue("QQP", QQP_LAYOUT, _TABLES, "QQP-clean.zip", ("test",))
MNLI = Source(
    title="MNLI",
    parts={
        part: (f"{part}.tsv", f"multinli_1.0_{part}.jsonl", f"{part}.jsonl", "MNLI.zip")
        for part in ("train", "dev_matched", "dev_mismatched")
    },
    read=read_mnli,
    folder="glue/MNLI",
    addresses=dict.fromkeys(("train", "dev_matched", "dev_mismatched"), f"{GLUE}/MNLI.zip"),
    optional=("train", "dev_mismatched"),
)
SCITAIL = Source(
    title="SciTail",
    parts={
        part: (f"scitail_1.0_{part}.tsv", f"tsv_format/scitail_1.0_{part}.tsv", "SciTailV1.1.zip")
        for part in ("train", "dev", "test")
    },
    read=partial(read_tables, layout=SCITAIL_LAYOUT),
    folder="scitail",
    addresses=dict.fromkeys(
        ("train", "dev", "test"),
        "https://ai2-public-datasets.s3.amazonaws.com/scitail/SciTailV1.1.zip",
    ),
)
