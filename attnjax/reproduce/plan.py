"""What is run: a row for each data set, encoder and attention of the paper's tables."""

from typing import NamedTuple

from attnjax.errors import ConfigError, suggestion

ENCODERS = ("lstm", "cnn", "average")

LONG = ("--config.leave_one_out.limit=300",)
"""Leave-one-out costs the square of a text's length."""

MANY = (
    "--config.leave_one_out.limit=2000",
    "--config.permutation.limit=2000",
    "--config.adversary.limit=1000",
)
"""For test splits of thousands of texts where every attention has to be decoded."""


class Data(NamedTuple):
    """A data set of the paper and how it is run here.

    Attributes:
        name: short, for rows and files.
        published: the paper's name of it.
        config: file in `configs/`.
        measure: the score that the paper reports: `f1` or `accuracy`.
        settings: arguments beside the config.
        aim: the BiLSTM's score that this project set itself before the runs, or None.
        differs: what is not as in the paper, in words.
    """

    name: str
    published: str
    config: str
    measure: str
    settings: tuple[str, ...] = ()
    aim: float | None = None
    differs: str = ""


RANDOM_VECTORS = "word vectors begin at random instead of from fastText"

DATA = (
    Data("sst", "SST", "sst", "f1", (), None, RANDOM_VECTORS),
    Data("imdb", "IMDB", "imdb", "f1", LONG, 0.86, RANDOM_VECTORS),
    Data(
        "ade",
        "ADR Tweets",
        "ade_corpus",
        "f1",
        (),
        None,
        "other texts: sentences of case reports (ADE corpus), since the tweets cannot be "
        f"distributed; {RANDOM_VECTORS}",
    ),
    Data("newsgroups", "20News", "newsgroups", "f1", LONG, 0.85, RANDOM_VECTORS),
    Data(
        "agnews",
        "AG News",
        "ag_news_binary",
        "f1",
        (),
        0.94,
        f"only a part of the training texts could be had; {RANDOM_VECTORS}",
    ),
    Data("diabetes", "Diabetes", "diabetes", "f1", LONG),
    Data("anemia", "Anemia", "anemia", "f1", LONG),
    Data("cnn", "CNN", "cnn", "accuracy", LONG),
    Data("babi1", "bAbI 1", "babi", "accuracy", ("--config.data.task=1",), 0.99),
    Data("babi2", "bAbI 2", "babi", "accuracy", ("--config.data.task=2",)),
    Data("babi3", "bAbI 3", "babi", "accuracy", ("--config.data.task=3", *LONG)),
    Data(
        "snli",
        "SNLI",
        "snli",
        "accuracy",
        MANY,
        0.60,
        "18,000 of 549,367 training pairs; word vectors begin at random instead of from GloVe",
    ),
)


class Row(NamedTuple):
    """One model of one data set.

    Attributes:
        data: the data set.
        encoder: `lstm`, `cnn` or `average`.
        attention: `additive` or `dot`.
    """

    data: Data
    encoder: str
    attention: str

    @property
    def name(self) -> str:
        """Return the name of its folder and of its result."""
        return f"{self.data.name}-{self.encoder}-{self.attention}"

    def arguments(self) -> list[str]:
        """Return what `train.py` is given for it, but for where the data and the folder are.

        Example:
            >>> Row(DATA[0], "lstm", "dot").arguments()[:2]
            ['--config=configs/sst.py', '--config.model.encoder=lstm']
        """
        return [
            f"--config=configs/{self.data.config}.py",
            f"--config.model.encoder={self.encoder}",
            f"--config.model.attention={self.attention}",
            *self.data.settings,
        ]


def rows() -> tuple[Row, ...]:
    """Return every row of the paper's tables: data sets, encoders and attentions.

    Example:
        >>> len(rows())
        72
    """
    return tuple(
        Row(data, encoder, attention)
        for attention in ("additive", "dot")
        for data in DATA
        for encoder in ENCODERS
    )


def chosen_rows(only: str) -> tuple[Row, ...]:
    """Return the rows that `--only` names: whole names or their beginnings, by commas.

    Args:
        only: such as `sst,babi1-lstm`; empty for all.

    Raises:
        ConfigError: for a name that no row begins with.

    Example:
        >>> [row.name for row in chosen_rows("sst-lstm")]
        ['sst-lstm-additive', 'sst-lstm-dot']
    """
    every = rows()
    if not only:
        return every
    chosen: dict[str, Row] = {}
    for part in (piece.strip() for piece in only.split(",")):
        matching = [row for row in every if _begins(row.name, part)]
        if not matching:
            raise ConfigError(
                "--only",
                found=f"{part!r}{suggestion(part, [row.name for row in every])}",
                expected="names of rows or their beginnings: "
                + ", ".join(data.name for data in DATA)
                + ", each also with -lstm, -cnn or -average and -additive or -dot",
                action="correct it",
            )
        chosen.update({row.name: row for row in matching})
    return tuple(row for row in every if row.name in chosen)


def _begins(name: str, part: str) -> bool:
    return name == part or name.startswith(part + "-")
