"""From finished stages to `results.json` and `instances.parquet`."""

from typing import Any

import numpy as np

from attnjax.config import TESTS, WIEGREFFE_PINTER, Config, FineTuningRun
from attnjax.data.texts.tasks import is_filtered
from attnjax.experiments.exact import compare_with_search
from attnjax.experiments.multiclass import summarise_enclosed
from attnjax.experiments.result import read_rows, write_rows
from attnjax.experiments.trial import Trial
from attnjax.experiments.yardsticks import add_yardsticks
from attnjax.workspace import SCHEMA, read_json, write_json

_INTERNAL = ("adversary.feasible_share",)
"""Row columns that only a stage's own summary needs."""


def write_results(trial: Trial, stages: list[str]) -> dict[str, Any]:
    """Write `results.json` and `instances.parquet` from the stages' files.

    Args:
        trial: of the run.
        stages: names of the finished stages.

    Returns:
        The content of `results.json` (schema in `docs/results.md`).
    """
    folder = trial.directory / "stages"
    done = {name: read_json(folder / f"{name}.json") for name in ("data", *stages)}
    tables = {
        name: read_rows(folder / f"{name}.parquet")
        for name in stages
        if done[name]["rows_sha256"] is not None
    }
    results = assemble(trial.config, done, tables)
    write_json(trial.directory / "results.json", results)
    write_rows(trial.directory / "instances.parquet", merge(tables))
    return results


def assemble(
    config: Config, done: dict[str, dict[str, Any]], tables: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the content of `results.json` from the JSON and the rows of each finished stage."""
    data, train = done["data"]["summary"], done["train"]["summary"]
    dataset_keys = ("name", "published", "class_names", "splits", "kept", "dropped", "truncated")
    return {
        "schema": SCHEMA,
        "dataset": {name: data[name] for name in (*dataset_keys, "vocabulary", "vectors")}
        | {"notes": data.get("notes", [])},
        "model": {
            "encoder": config.model.encoder,
            "attention": config.model.attention,
            "parameters": train["parameters"],
            "best_epoch": train["best_epoch"],
            "epochs_run": train["epochs_run"],
            "score_name": train.get("score_name"),
        },
        "protocol": {"setting": config.protocol.setting, **decided(config)},
        "performance": done["predictions"]["summary"],
        "tests": _tests(config, done, tables),
        "seconds": {name: one["seconds"] for name, one in done.items() if "seconds" in one},
    }


def _tests(
    config: Config, done: dict[str, dict[str, Any]], tables: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the summaries of the tests, the strongest adversaries within the adversary's."""
    tests = {name: done[name]["summary"] | limits(config, name) for name in TESTS if name in done}
    _nest_strongest(config, tests, tables)
    add_yardsticks(tests, tables, other_base=bool(config.trained_adversary.base))
    return tests


def _nest_strongest(
    config: Config, tests: dict[str, Any], tables: dict[str, dict[str, Any]]
) -> None:
    """Move the strongest adversaries' results into the adversary's."""
    exact, capped = (tests.pop(f"{name}_adversary", None) for name in ("exact", "capped"))
    if exact is None and capped is None:
        return
    adversary = tests.setdefault("adversary", {"epsilon": config.adversary.epsilon})
    if exact is not None:
        adversary |= _exact(config, exact, adversary.get("search"), tables)
    if capped is not None:
        adversary["capped"] = capped if "reason" in capped else _constraints(capped)


def _exact(
    config: Config,
    exact: dict[str, Any],
    search: dict[str, Any] | None,
    tables: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return what `exact_adversary` adds to the adversary's results."""
    multiclass = exact.pop("multiclass", None)
    added = {"exact": exact} | ({} if multiclass is None else {"multiclass": multiclass})
    if search is None or exact["status"] == "skipped":
        return added
    found, enclosed = tables["adversary"], tables["exact_adversary"]
    if multiclass is not None:
        settings = {"samples": config.bootstrap.samples, "seed": config.seed}
        both = summarise_enclosed(enclosed, found, epsilon=config.adversary.epsilon, **settings)
        return added | {"multiclass": both.summary}
    limit = search["settings"]["filter_epsilon"]
    place = [point["epsilon"] for point in exact["curve"]].index(limit)
    return added | compare_with_search(found, enclosed, place=place)


def _constraints(capped: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the constraints with what holds of all of them in each."""
    common = {name: capped[name] for name in ("optimal_gap", "limit") if name in capped}
    return [one | common for one in capped["constraints"]]


def decided(config: Config) -> dict[str, str]:
    """Return every setting in which the sources differ, as it was decided for this run.

    The filter is one of them where the papers leave texts of the data set out.
    """
    filtered = {"data.filter": config.data.filter} if is_filtered(config.data.name) else {}
    return filtered | {
        "training.amsgrad": config.training.amsgrad,
        "training.loss": config.training.loss,
        "training.first_epoch": config.training.first_epoch,
        "selection.split": config.selection.split,
        "gradient.target": config.gradient.target,
        "gradient.attention": config.gradient.attention,
        "adversary.starts": config.adversary.starts,
        "adversary.constraint": config.adversary.constraint,
        "adversary.optimizer_epsilon": config.adversary.optimizer_epsilon,
        "adversary.filter_epsilon": config.adversary.filter_epsilon,
        "adversary.keep": config.adversary.keep,
        "adversary.jsd": config.adversary.jsd,
        "adversary.amsgrad": config.adversary.amsgrad,
        "trained_adversary.tvd": config.trained_adversary.tvd,
    }


_LIMITED = {
    "gradient_agreement": ("gradient",),
    "leave_one_out_agreement": ("leave_one_out",),
    "gradient_leave_one_out": ("gradient", "leave_one_out"),
    "random_agreement": ("gradient",),
    "planted_evidence": ("gradient", "leave_one_out"),
    "planted_controls": ("gradient", "leave_one_out"),
    "plausibility": ("gradient", "leave_one_out"),
    "permutation": ("permutation",),
    "adversary": ("adversary",),
    "exact_adversary": ("exact",),
    "capped_adversary": ("capped",),
    **dict.fromkeys(WIEGREFFE_PINTER, ()),
}


def limits(config: Config | FineTuningRun, test: str) -> dict[str, int]:
    """Return `{"limit": n}` where a config limits the instances of a test, else nothing.

    Example:
        >>> from attnjax.config import resolve
        >>> limits(resolve({"permutation": {"limit": 10}}), "permutation")
        {'limit': 10}
    """
    found = [getattr(config, section).limit for section in _LIMITED[test]]
    return {"limit": min(one for one in found if one)} if any(found) else {}


def merge(tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Join the stages' columns on the instances of `predictions`; absent values are null."""
    ids = tables["predictions"]["instance_id"]
    merged: dict[str, Any] = {}
    for rows in tables.values():
        place = {int(one): index for index, one in enumerate(rows["instance_id"])}
        order = [place.get(int(one)) for one in ids]
        for name, values in rows.items():
            if name not in merged and name not in _INTERNAL:
                merged[name] = _take(values, order)
    return merged


def _take(values: Any, order: list[int | None]) -> Any:
    if None not in order:
        return (
            values[np.array(order, int)]
            if isinstance(values, np.ndarray)
            else [values[index] for index in order if index is not None]
        )
    picked = [None if index is None else values[index] for index in order]
    return [one.tolist() if isinstance(one, np.ndarray | np.generic) else one for one in picked]
