"""What a trial adds to the results of a fine-tuning, and its instances."""

from typing import Any

from attnjax.config import FineTuningRun
from attnjax.experiments.gpt.fine_tuning_trial import FineTuningTrial
from attnjax.experiments.result import read_rows, write_rows
from attnjax.experiments.results import limits, merge

_DECIDED = {
    "gradient": ("target", "attention"),
    "adversary": (
        *("constraint", "optimizer_epsilon", "filter_epsilon"),
        *("keep", "jsd", "amsgrad"),
    ),
}
"""Settings in which the papers, their code and good practice differ, by section.

Not where the search begins: of an attention of several distributions always at noise.
"""


def with_trial(
    trial: FineTuningTrial, results: dict[str, Any], done: dict[str, Any]
) -> dict[str, Any]:
    """Write `instances.parquet` and return the results with those of the tests.

    Args:
        trial: of the run.
        results: of the fine-tuning.
        done: the JSON of each finished stage.
    """
    config, folder = trial.config, trial.directory / "stages"
    names = ("predictions", "gradient", "leave_one_out", *config.tests)
    tables = {name: read_rows(folder / f"{name}.parquet") for name in names if name in done}
    write_rows(trial.directory / "instances.parquet", merge(tables))
    tests = {name: done[name]["summary"] | limits(config, name) for name in config.tests}
    return results | {
        "protocol": {"setting": config.protocol.setting, **decided(config)},
        "performance": done["predictions"]["summary"],
        "part": perturbed(trial),
        "tests": results["tests"] | tests,
    }


def decided(config: FineTuningRun) -> dict[str, str]:
    """Return every setting in which the sources differ, as it was decided for this run.

    Args:
        config: resolved.
    """
    return {
        f"{section}.{name}": getattr(getattr(config, section), name)
        for section, names in _DECIDED.items()
        for name in names
    }


def perturbed(trial: FineTuningTrial) -> dict[str, Any]:
    """Return what of the attention was on trial: `layer` and `head` from 1, None for all; `rows`.

    Args:
        trial: of the run.
    """
    part, layers = trial.config.part, trial.data.settings.num_layers
    layer = part.layer + layers + 1 if part.layer < 0 else part.layer
    return {"layer": layer or None, "head": part.head or None, "rows": part.rows,
            "layers": layers, "heads": trial.data.settings.num_heads,
            "seed": trial.seeds[0]}  # fmt: skip
