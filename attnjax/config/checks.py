"""What no field of a config can know alone."""

from attnjax.config.sections import WIEGREFFE_PINTER, Config
from attnjax.errors import ConfigError, UserError

RATIONALES = ("eraser_movies",)
"""Data sets in which people marked the words that are their reasons."""

LEARNT = ("additive", "dot")
"""Kinds of attention that are trained."""


def config_error(where: str, found: str, expected: str, action: str) -> ConfigError:
    """Return the error of one field."""
    return ConfigError(where, found=found, expected=expected, action=action)


def check_together(config: Config, errors: list[UserError]) -> None:
    """Check what no field can know alone."""
    data = config.data
    if data.name == "file" and not data.path:
        errors.append(
            config_error("config.data.path", "''", "a file", "name your JSONL, CSV or TSV")
        )
    if data.name == "tfds" and not data.tfds_name:
        errors.append(config_error("config.data.tfds_name", "''", "a TFDS dataset", "name one"))
    if data.limit == 1:
        errors.append(
            config_error(
                "config.data.limit",
                "1",
                "at least 2, so that there are two classes, or 0",
                "raise it",
            )
        )
    if data.vectors and data.skip_gram:
        errors.append(
            config_error(
                "config.data.skip_gram",
                f"{data.skip_gram} beside config.data.vectors",
                "vectors from a file or trained on the texts, not both",
                "clear one of them",
            )
        )
    if data.dev_fraction + data.test_fraction >= 1.0:
        errors.append(
            config_error(
                "config.data.dev_fraction + config.data.test_fraction",
                f"{data.dev_fraction + data.test_fraction:g}",
                "less than 1",
                "leave some instances to train on",
            )
        )
    if config.training.epochs == 0 and not config.model.weights:
        errors.append(
            config_error(
                "config.training.epochs",
                "0",
                "at least 1 where model.weights names no trained weights",
                "train, or name weights",
            )
        )
    _check_questions(config, errors)
    _check_planted(config, errors)
    _check_plausibility(config, errors)
    _check_trained(config, errors)


def _check_questions(config: Config, errors: list[UserError]) -> None:
    """Check the columns that only a user's own file with questions has, and CNN's names."""
    data = config.data
    if data.name == "cnn" and data.digits == "replace":
        errors.append(
            config_error(
                "config.data.digits",
                "'replace' on data 'cnn'",
                "'keep': the names that are possible answers (@entity3) would be one word",
                "remove it",
            )
        )
    columns = {"question_column": data.question_column, "candidates_column": data.candidates_column}
    named = [name for name, column in columns.items() if column]
    if named and data.name != "file":
        errors.append(
            config_error(
                " and ".join(f"config.data.{name}" for name in named),
                f"set for data {data.name!r}",
                "'': only a user's own file has columns to name",
                "remove it, or name the file by config.data.path",
            )
        )
    if data.candidates_column and not data.question_column:
        errors.append(
            config_error(
                "config.data.question_column",
                f"'' beside config.data.candidates_column {data.candidates_column!r}",
                "the column of the questions whose possible answers these are",
                "name it, or clear config.data.candidates_column",
            )
        )


def _check_planted(config: Config, errors: list[UserError]) -> None:
    """Check what only the planted corpus has."""
    planted_only = [test for test in config.tests if test.startswith("planted_")]
    if planted_only and config.data.name != "planted":
        errors.append(
            config_error(
                "config.tests",
                f"{', '.join(planted_only)} on data {config.data.name!r}",
                "these tests only on the planted corpus, which is made for them",
                "remove them or use --config.data.name=planted",
            )
        )
    if "planted_controls" in config.tests and config.training.epochs == 0:
        errors.append(
            config_error("config.training.epochs", "0", "at least 1 to train the controls", "train")
        )


def _check_plausibility(config: Config, errors: list[UserError]) -> None:
    """Check that there is something to compare with what people say."""
    if "plausibility" in config.tests and config.data.name not in RATIONALES:
        errors.append(
            config_error(
                "config.tests",
                f"plausibility on data {config.data.name!r}",
                "this test only on texts with human rationales: " + ", ".join(RATIONALES),
                "remove it or use --config.data.name=" + RATIONALES[0],
            )
        )


def _check_trained(config: Config, errors: list[UserError]) -> None:
    """Check what the tests need that train other models."""
    tests = [test for test in config.tests if test in WIEGREFFE_PINTER]
    if not tests:
        return
    if config.training.epochs == 0:
        errors.append(
            config_error(
                "config.training.epochs",
                "0",
                f"at least 1: {', '.join(tests)} train other models",
                "train, or remove these tests",
            )
        )
    if config.model.attention not in LEARNT:
        errors.append(
            config_error(
                "config.tests",
                f"{', '.join(tests)} on a model whose attention is {config.model.attention!r}",
                f"attention that is learnt ({' or '.join(LEARNT)}), with which others are compared",
                "change config.model.attention or remove these tests",
            )
        )
    if config.seed in config.seeds.values:
        errors.append(
            config_error(
                "config.seeds.values",
                f"{config.seed}, which is config.seed",
                "other seeds: the run's own model is what they are compared with",
                "replace it, or change config.seed",
            )
        )
    # Adversaries begin with the number after the run's own, whatever the other seeds are.
    following = 1 if config.seeds.values else config.seeds.count
    if config.seed + following >= 2**31:
        errors.append(
            config_error(
                "config.seed",
                f"{config.seed}, so that of the {following} seeds after it the last is above "
                f"{2**31 - 1}",
                "a seed with as many numbers after it",
                "lower it",
            )
        )
    if len(config.seeds.values) == 1:
        errors.append(
            config_error("config.seeds.values", "one seed", "at least 2, or none", "add others")
        )
    if "mass_adversary" in tests:
        _check_marked(config, errors)


def _check_marked(config: Config, errors: list[UserError]) -> None:
    """Check that it can be known which tokens `mass_adversary` is about."""
    marked, file = config.mass_adversary.marked, config.mass_adversary.words_file
    generated = config.data.name == "babi" and config.data.stories == "generated"
    if marked == "evidence" and config.data.name != "planted" and not generated:
        errors.append(
            config_error(
                "config.mass_adversary.marked",
                f"'evidence' on data {config.data.name!r}",
                "'words' (with config.mass_adversary.words_file) or 'first_half'; only the "
                "planted corpus and generated bAbI stories know their evidence",
                "choose one, or remove the test mass_adversary",
            )
        )
    if (marked == "words") != bool(file):
        errors.append(
            config_error(
                "config.mass_adversary.words_file",
                repr(file),
                "a file of words with marked 'words', none with another",
                "name a file with one word a line, or choose another config.mass_adversary.marked",
            )
        )
