"""From one value an instance to the numbers that are reported.

Every dictionary here is ready for JSON: Python floats and ints, None where a number is
undefined, never NaN. `n` counts the instances a number is over, `undefined` those left out.
"""

from typing import Any

import numpy as np
from jaxtyping import Int, Num

from attnjax.measures.bootstrap import bootstrap_interval

SIGNIFICANCE = 0.05
"""An agreement is called significant up to this p-value, as in the paper."""


def summarise_tau(
    tau: Num[np.ndarray, " N"],
    p_value: Num[np.ndarray, " N"],
    predicted: Int[np.ndarray, " N"],
    *,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """Summarise rank agreement over instances, overall and by predicted class.

    Args:
        tau: Kendall's tau-b of each instance; NaN where undefined.
        p_value: its two-sided p-value.
        predicted: the class predicted for the instance.
        samples: bootstrap samples of the interval.
        seed: of the bootstrap.

    Returns:
        `overall`, and `by_class` with the classes that were predicted ("0", "1", ...):
        each with `mean` and `std` (with divisor n) of the defined taus, `significant`
        (the share of them with p at most 0.05), `n`, `undefined`, and `ci95` of the mean.

    Source: Jain & Wallace (2019), table 2.

    Example:
        >>> import numpy as np
        >>> summary = summarise_tau(np.array([0.5, 0.7, np.nan]), np.array([0.2, 0.01, np.nan]),
        ...                         np.array([0, 1, 1]), samples=10, seed=0)
        >>> summary["overall"]["significant"], summary["by_class"]["1"]["undefined"]
        (0.5, 1)
    """

    def summarise(rows: np.ndarray) -> dict[str, Any]:
        defined = rows & ~np.isnan(tau)
        some = bool(np.any(defined))
        return {
            **_mean_and_interval(tau[rows], samples=samples, seed=seed),
            "std": float(np.std(tau[defined], dtype=np.float64)) if some else None,
            "significant": float(np.mean(p_value[defined] <= SIGNIFICANCE)) if some else None,
        }

    return {
        "overall": summarise(np.ones(len(tau), bool)),
        "by_class": {str(one): summarise(predicted == one) for one in np.unique(predicted)},
    }


def summarise_values(values: Num[np.ndarray, " N"], *, samples: int, seed: int) -> dict[str, Any]:
    """Summarise one value an instance.

    Args:
        values: in any unit; NaN where undefined.
        samples: bootstrap samples of the interval.
        seed: of the bootstrap.

    Returns:
        `mean`, `median`, `q25`, `q75` of the defined values, `ci95` of the mean, `n` and
        `undefined`.

    Example:
        >>> import numpy as np
        >>> summary = summarise_values(np.array([1.0, 3.0, np.nan]), samples=10, seed=0)
        >>> summary["mean"], summary["q25"], summary["n"], summary["undefined"]
        (2.0, 1.5, 2, 1)
    """
    defined = np.asarray(values, np.float64)
    defined = defined[~np.isnan(defined)]
    quartiles = np.quantile(defined, [0.25, 0.5, 0.75]) if len(defined) else [None] * 3
    q25, median, q75 = (None if one is None else float(one) for one in quartiles)
    return {
        **_mean_and_interval(values, samples=samples, seed=seed),
        "median": median,
        "q25": q25,
        "q75": q75,
    }


def _mean_and_interval(values: Num[np.ndarray, " N"], *, samples: int, seed: int) -> dict[str, Any]:
    """Return `mean`, its `ci95`, `n` and `undefined`."""
    defined = np.asarray(values, np.float64)
    defined = defined[~np.isnan(defined)]
    some = len(defined) > 0
    interval = bootstrap_interval(defined, samples=samples, seed=seed)
    return {
        "mean": float(np.mean(defined)) if some else None,
        "ci95": list(interval) if some else None,
        "n": len(defined),
        "undefined": len(values) - len(defined),
    }
