"""What is run: a row for each data set, encoder and attention of the paper's tables."""

from typing import NamedTuple

from attnjax.errors import ConfigError, suggestion

ENCODERS = ("lstm", "cnn", "average")

ATTENTIONS = ("additive", "dot")


class Data(NamedTuple):
    """A data set and how it is run here.

    Attributes:
        name: short, for rows and files.
        title: for the reader.
        published: under which name the paper has figures of it; None where it has none.
        config: file in `configs/`.
        measure: the score that the paper reports: `f1` or `accuracy`.
        settings: arguments beside the config.
        aim: the BiLSTM's score that this project set itself before the runs, or None.
        differs: what of the model or the texts is not as in the paper, in words.
    """

    name: str
    title: str
    published: str | None
    config: str
    measure: str
    settings: tuple[str, ...] = ()
    aim: float | None = None
    differs: str = ""


DATA = (
    Data("sst", "SST", "SST", "sst", "f1"),
    Data("imdb", "IMDB", "IMDB", "imdb", "f1", aim=0.86),
    Data("adr", "ADR Tweets", "ADR Tweets", "adr_tweets", "f1"),
    Data(
        "ade",
        "ADE corpus",
        None,
        "ade_corpus",
        "f1",
        differs="Not a data set of the paper: sentences of case reports in place of the tweets, "
        "which may not be distributed.",
    ),
    Data("newsgroups", "20News", "20News", "newsgroups", "f1", aim=0.85),
    Data(
        "agnews",
        "AG News",
        "AG News",
        "ag_news_binary",
        "f1",
        aim=0.94,
        differs="Dropout, and vectors trained on the training texts.",
    ),
    Data("diabetes", "Diabetes", "Diabetes", "diabetes", "f1"),
    Data("anemia", "Anemia", "Anemia", "anemia", "f1"),
    Data("cnn", "CNN", "CNN", "cnn", "accuracy"),
    Data("babi1", "bAbI 1", "bAbI 1", "babi", "accuracy", ("--config.data.task=1",), 0.99),
    Data("babi2", "bAbI 2", "bAbI 2", "babi", "accuracy", ("--config.data.task=2",)),
    Data(
        "babi3",
        "bAbI 3",
        "bAbI 3",
        "babi",
        "accuracy",
        ("--config.data.task=3", "--config.leave_one_out.limit=200"),
    ),
    Data(
        "snli",
        "SNLI",
        "SNLI",
        "snli",
        "accuracy",
        aim=0.60,
        differs="A model of half the paper's size with dropout.",
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
    """Return every row of the paper's tables, in their order.

    Example:
        >>> len(rows()) == len(DATA) * 6
        True
    """
    return tuple(
        Row(data, encoder, attention)
        for data in DATA
        for attention in ATTENTIONS
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
    chosen: set[str] = set()
    for part in (piece.strip() for piece in only.split(",")):
        matching = [
            row.name for row in every if row.name == part or row.name.startswith(part + "-")
        ]
        if not matching:
            raise ConfigError(
                "--only",
                found=f"{part!r}{suggestion(part, [row.name for row in every])}",
                expected="names of rows or their beginnings: "
                + ", ".join(data.name for data in DATA)
                + ", each also with -lstm, -cnn or -average and -additive or -dot",
                action="correct it",
            )
        chosen.update(matching)
    return tuple(row for row in every if row.name in chosen)
