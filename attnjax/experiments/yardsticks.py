"""What one test's results mean beside another's: known only when all are finished."""

from collections.abc import Mapping
from typing import Any

from attnjax.experiments.seeds import adversary_quantile

_FOUND = {
    "search": ("adversary", "adversary.jsd"),
    "exact": ("exact_adversary", "exact_adversary.jsd"),
}
"""Kind of instance adversary to the stage that found it and its column of JSD."""


def add_yardsticks(
    tests: dict[str, Any], tables: Mapping[str, Mapping[str, Any]], *, other_base: bool
) -> None:
    """Add to the tests' summaries what needs several of them.

    `seeds.adversary_quantile`: where instance adversaries and the chosen trained one lie among
    other seeds;
    `trained_adversary.instance_adversary` and `.seeds`: their mean JSD and output change, for
    the same axes. None where a test was not run, or is about another base.

    Args:
        tests: summaries by test; changed.
        tables: rows by stage.
        other_base: whether the trained adversaries imitate another run's model.
    """
    if "seeds" in tests:
        seed_rows = dict(tables["seeds"])
        quantiles = {
            name: adversary_quantile(seed_rows, dict(tables[stage]), column)
            if column in tables.get(stage, ())
            else None
            for name, (stage, column) in _FOUND.items()
        }
        trained = None
        if "trained_adversary" in tests and not other_base:
            rows, chosen = dict(tables["trained_adversary"]), tests["trained_adversary"]["chosen"]
            trained = adversary_quantile(seed_rows, rows, "trained_adversary.jsd", member=chosen)
        tests["seeds"]["adversary_quantile"] = quantiles | {"trained": trained}
    if "trained_adversary" in tests:
        adversary = {} if other_base else tests.get("adversary", {})
        seeds = None if other_base else tests.get("seeds")
        tests["trained_adversary"] |= {
            "instance_adversary": {name: _means(adversary.get(name)) for name in _FOUND},
            "seeds": seeds and {"jsd": seeds["jsd"]["mean"], "tvd": seeds["output_change"]["mean"]},
        }


def _means(found: Mapping[str, Any] | None) -> dict[str, float | None] | None:
    """Return the means of an instance adversary, or None where it was not run or not solved."""
    if found is None or "max_jsd" not in found:
        return None
    return {"jsd": found["max_jsd"]["mean"], "tvd": found["output_change"]["mean"]}
