"""The stages of a run: the one table where the names in a config become functions."""

from collections.abc import Callable
from functools import partial

from attnjax.experiments.capped import capped_adversary_stage
from attnjax.experiments.controls import planted_controls
from attnjax.experiments.exact import exact_adversary_stage
from attnjax.experiments.planted import planted_evidence
from attnjax.experiments.plausibility import plausibility
from attnjax.experiments.result import Result, aligned, common_instances
from attnjax.experiments.stage import Stage
from attnjax.experiments.stages_attention import ATTENTION_STAGES, SCORES, token_scores
from attnjax.experiments.stages_trained import TRAINED_STAGES
from attnjax.experiments.training import predictions, train
from attnjax.experiments.trial import Trial


def _planted_evidence(trial: Trial) -> Result:
    return _recovery(trial, planted_evidence, "evidence")


def _plausibility(trial: Trial) -> Result:
    return _recovery(trial, plausibility, "rationale")


def _recovery(trial: Trial, test: Callable[..., Result], column: str) -> Result:
    """Compare all scores with the tokens that a column of `predictions` marks."""
    names = ("attention", "gradient", "leave_one_out")
    parts = {name: token_scores(trial, name) for name in names}
    ids = common_instances(*parts.values())
    return test(
        {name: aligned(parts[name], name, ids) for name in names},
        aligned(trial.rows("predictions"), column, ids),
        instance_id=ids,
        **trial.intervals,
    )


STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("train", partial(train, stage="train")),
        Stage("predictions", predictions, ("train",)),
        *ATTENTION_STAGES,
        Stage(
            "planted_evidence",
            _planted_evidence,
            SCORES,
            ("gradient", "leave_one_out", "bootstrap"),
        ),
        Stage(
            "plausibility",
            _plausibility,
            SCORES,
            ("gradient", "leave_one_out", "bootstrap"),
        ),
        Stage("train_positive_control", partial(train, stage="train_positive_control")),
        Stage("train_negative_control", partial(train, stage="train_negative_control")),
        Stage(
            "planted_controls",
            planted_controls,
            ("train_positive_control", "train_negative_control"),
            ("gradient", "leave_one_out", "bootstrap"),
        ),
        Stage(
            "exact_adversary",
            exact_adversary_stage,
            ("predictions",),
            ("exact", "adversary.epsilon", "adversary.filter_epsilon", "bootstrap"),
        ),
        Stage(
            "capped_adversary",
            capped_adversary_stage,
            ("train",),
            ("capped", "adversary.epsilon", "bootstrap"),
        ),
        *TRAINED_STAGES,
    )
}


def needed(tests: tuple[str, ...]) -> list[Stage]:
    """Return the stages of some tests in an order in which each finds what it requires.

    Example:
        >>> [stage.name for stage in needed(("permutation",))]
        ['train', 'predictions', 'permutation']
    """
    order: list[str] = []

    def visit(name: str) -> None:
        for required in STAGES[name].requires:
            visit(required)
        if name not in order:
            order.append(name)

    for name in ("train", "predictions", *tests):
        visit(name)
    return [STAGES[name] for name in order]
