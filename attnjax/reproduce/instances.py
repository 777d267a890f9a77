"""What the page needs of single test texts, beyond the summaries of the tests."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from attnjax.measures.resampling import sample_scores

NEAR_MAXIMAL = 0.6
"""Nats of JSD that count as nearly all of ln 2 = 0.693."""

PEAKED = 0.5
"""Largest weight from which on one token has most of the attention."""

FEWEST = 10
"""Texts from which on a group of them is spoken of."""

SURE = 0.99
"""Probability of the predicted class above which a model counts as sure."""

SAMPLES = 1000
"""Bootstrap samples of every interval."""


def read_columns(directory: Path) -> dict[str, np.ndarray]:
    """Return the columns of `instances.parquet` that are needed here; NaN where null.

    Args:
        directory: a work folder.
    """
    import pyarrow.parquet as pq

    path = directory / "instances.parquet"
    wanted = (
        *("label", "probability", "max_attention", "adversary.jsd"),
        *("permutation.median_output_change", "gradient_leave_one_out.tau"),
    )
    table = pq.read_table(path, columns=[n for n in wanted if n in pq.read_schema(path).names])
    columns = {name: table[name].to_pylist() for name in table.column_names}
    return {
        name: np.array([np.nan if value is None else value for value in values])
        for name, values in columns.items()
    }


def score_intervals(columns: dict[str, np.ndarray], *, seed: int) -> dict[str, list[float]]:
    """Return 95% bootstrap intervals over the test texts of accuracy, F1 and AUC.

    Args:
        columns: `label` and `probability`.
        seed: of the bootstrap.
    """
    label = columns["label"].astype(np.int64)
    given = {"model": columns["probability"][None]}
    scores = sample_scores(label, given, samples=SAMPLES, seed=seed)["model"]
    return {
        f"{name}_ci95": np.quantile(values, (0.025, 0.975)).tolist()
        for name, values in scores._asdict().items()
        if not np.isnan(values).any()
    }


def describe_instances(columns: dict[str, np.ndarray], *, seed: int) -> dict[str, Any]:
    """Return what the claims and the tables say of groups of texts.

    Args:
        columns: as `read_columns` gives them.
        seed: of the bootstrap.

    Returns:
        `majority_share` (of the commonest class), `sure_share` (texts whose class has a
        probability above `SURE`), `near_maximal` (share of the searched texts whose adversary
        reached `NEAR_MAXIMAL`), `shuffled` (median over the texts), `peaked` (both medians over
        the texts whose largest weight is at least `PEAKED`) and `by_certainty` (mean tau of
        gradient and leave-one-out in the least sure quarter of the texts and in the surest).
        Each value is `value`, `ci95` and `n`, or None where there is nothing to say.
    """
    label = columns["label"].astype(np.int64)
    peaked = columns["max_attention"] >= PEAKED
    change = columns.get("permutation.median_output_change")
    jsd = columns.get("adversary.jsd")
    reached = None if jsd is None else np.where(np.isnan(jsd), np.nan, jsd >= NEAR_MAXIMAL)
    certainty = columns["probability"].max(axis=1)
    return {
        "majority_share": float(np.bincount(label).max() / len(label)),
        "sure_share": float((certainty > SURE).mean()),
        "near_maximal": estimate(reached, np.mean, seed=seed),
        "shuffled": estimate(change, np.median, seed=seed),
        "peaked": {
            "shuffled": estimate(change, np.median, seed=seed, among=peaked),
            "adversary": estimate(jsd, np.median, seed=seed, among=peaked),
        },
        "by_certainty": _by_certainty(columns.get("gradient_leave_one_out.tau"), certainty, seed),
    }


def _by_certainty(
    tau: np.ndarray | None, certainty: np.ndarray, seed: int
) -> dict[str, dict[str, Any] | None]:
    low, high = np.quantile(certainty, (0.25, 0.75))
    return {
        "least_sure": estimate(tau, np.mean, seed=seed, among=certainty <= low),
        "surest": estimate(tau, np.mean, seed=seed, among=certainty >= high),
    }


def estimate(
    values: Float[np.ndarray, " N"] | None,
    statistic: Any,
    *,
    seed: int,
    among: np.ndarray | None = None,
) -> dict[str, Any] | None:
    """Return a statistic of the known values with its 95% bootstrap interval.

    Args:
        values: of the texts, NaN where one has none; or None.
        statistic: `np.mean` or `np.median`.
        seed: of the bootstrap.
        among: which texts; None for all.

    Returns:
        `value`, `ci95` and `n`; None where fewer than `FEWEST` texts have a value.

    Example:
        >>> estimate(np.ones(20), np.mean, seed=0)
        {'value': 1.0, 'ci95': [1.0, 1.0], 'n': 20}
    """
    if values is None:
        return None
    values = np.asarray(values, np.float64)
    known = values[~np.isnan(values) & (True if among is None else among)]
    if len(known) < FEWEST:
        return None
    generator = np.random.default_rng(seed)
    drawn = [statistic(generator.choice(known, len(known))) for _ in range(SAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
    return {"value": float(statistic(known)), "ci95": [low, high], "n": len(known)}
