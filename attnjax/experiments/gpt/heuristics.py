"""The tasks that a language model is asked without training, read from their files."""

from collections.abc import Sequence
from pathlib import Path

from attnjax.data.gpt.tasks import Example, load_task, task_texts
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.data.gpt.winograd import read_winograd
from attnjax.data.gpt.zero_shot import Sequences, acceptability, choices, referents, sentiment
from attnjax.errors import ConfigError, UserError, raise_all
from attnjax.experiments.gpt.task_rows import drawn
from attnjax.experiments.gpt.zero_shot import BEST, Heuristic

CHANCE = 0.5
"""Of two answers."""


def read_heuristics(
    names: Sequence[str],
    tokenizer: Tokenizer,
    *,
    context: int,
    folder: str,
    winograd: str,
    downloads: Path,
    limit: int,
    seed: int,
) -> dict[str, Heuristic]:
    """Return the tasks of the zero-shot analysis by name.

    Args:
        names: of "cola", "sst2", "race", "dream" and "winograd".
        tokenizer: of the model.
        context: positions it has.
        folder: of local copies of the tasks' files.
        winograd: file of Winograd schemas.
        downloads: where downloads are kept.
        limit: questions of each task, drawn by the seed; 0: all.
        seed: of the draw.

    Raises:
        UserError: for files that are missing or wrong, all tasks together.
    """
    found: dict[str, Heuristic] = {}
    errors: list[UserError] = []
    for name in names:
        try:
            found[name] = (
                _winograd(winograd, tokenizer, context=context, limit=limit, seed=seed)
                if name == "winograd"
                else _task(
                    name,
                    tokenizer,
                    context=context,
                    folder=folder,
                    downloads=downloads,
                    limit=limit,
                    seed=seed,
                )
            )
        except UserError as error:
            errors += getattr(error, "errors", (error,))
    raise_all(errors)
    return found


def _task(
    name: str,
    tokenizer: Tokenizer,
    *,
    context: int,
    folder: str,
    downloads: Path,
    limit: int,
    seed: int,
) -> Heuristic:
    task = task_texts(name)
    splits = load_task(name, folder, downloads, training=name == "cola").splits
    test: Sequence[Example] = drawn(splits["test"], limit, seed)
    if name == "cola":
        train = drawn(splits["train"], limit, seed)
        threshold = acceptability(train, tokenizer, context=context)
        asked = acceptability(test, tokenizer, context=context)
        return Heuristic(_some(asked, name), "matthews", 0.0, BEST["cola"], threshold)
    if name == "sst2":
        asked = sentiment(test, tokenizer, context=context)
        return Heuristic(_some(asked, name), "accuracy", CHANCE, BEST["sst2"])
    asked = choices(test, tokenizer, context=context, num_answers=task.num_choices)
    return Heuristic(_some(asked, name), "accuracy", 1.0 / task.num_choices, BEST.get(name))


def _winograd(file: str, tokenizer: Tokenizer, *, context: int, limit: int, seed: int) -> Heuristic:
    if not file:
        raise ConfigError(
            "config.zero_shot.winograd",
            found="nothing",
            expected="a file of Winograd schemas",
            action="name one, or take winograd out of config.zero_shot.tasks",
        )
    read = read_winograd(Path(file).expanduser())
    asked = referents(drawn(read.schemas, limit, seed), tokenizer, context=context)
    asked.notes.update(read.dropped)
    return Heuristic(_some(asked, "winograd"), "accuracy", CHANCE, BEST.get("winograd"))


def _some(asked: Sequences, name: str) -> Sequences:
    """Refuse a task of which no question is left."""
    if not len(asked.label):
        raise ConfigError(
            f"the zero-shot task {name}",
            found="no question of which a token is predicted",
            expected="at least one",
            action="give its files, or a longer context",
        )
    return asked
