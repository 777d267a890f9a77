"""Records of runs that never happened, with the numbers that a test wants."""

from typing import Any

TESTS = (
    "gradient_agreement",
    "leave_one_out_agreement",
    "gradient_leave_one_out",
    "random_agreement",
)
TEXTS = 52
"""Of the test split."""


def estimate(value: float, *, n: int = TEXTS, width: float = 0.02) -> dict[str, Any]:
    """Return a figure with an interval around it."""
    return {"value": value, "ci95": [value - width, value + width], "n": n}


def record(row: str, *, taus: dict[str, tuple[float, float, float]] | None = None) -> dict:
    """Return a record with the given taus (mean, low, high); 0.3 [0.29, 0.31] where none is."""
    given = dict.fromkeys(TESTS, (0.3, 0.29, 0.31)) | (taus or {})
    tests: dict[str, Any] = {
        name: {"tau": {"overall": {"mean": mean, "ci95": [low, high], "n": TEXTS, "undefined": 0}}}
        for name, (mean, low, high) in given.items()
    }
    summary = {"mean": 0.1, "median": 0.05, "ci95": [0.08, 0.12], "n": TEXTS, "undefined": 0}
    tests["permutation"] = {"median_output_change": summary}
    tests["adversary"] = {
        "epsilon": 0.01,
        "search": {"max_jsd": summary | {"mean": 0.5, "n": 40}},
        "exact": {"status": "solved", "max_jsd": summary | {"mean": 0.6}},
    }
    return {
        "schema": 1,
        "row": row,
        "command": f"python train.py --config={row}",
        "changed": [],
        "attnjax": "0.1",
        "packages": {"jax": "0.10.2"},
        "device": "1 x cpu (cpu)",
        "seed": 0,
        "protocol": "fixed",
        "dataset": {
            "published": {"sst": "SST", "babi1": "bAbI 1"}.get(row.split("-", maxsplit=1)[0]),
            "splits": {"train": 1000, "dev": 100, "test": TEXTS},
            "dropped": {"neutral label": 7},
            "vocabulary": 1234,
            "truncated": 3,
            "notes": ["A part of it."],
            "vectors": None,
        },
        "model": {"epochs_run": 8},
        "performance": {"accuracy": 0.8, "accuracy_ci95": [0.7, 0.9], "f1": 0.75, "loss": 0.4},
        "instances": {
            "majority_share": 0.55,
            "sure_share": 0.25,
            "near_maximal": estimate(0.61, n=40),
            "shuffled": estimate(0.03),
            "peaked": {"shuffled": estimate(0.04, n=20), "adversary": estimate(0.58, n=15)},
            "by_certainty": {"least_sure": estimate(0.4, n=13), "surest": estimate(0.1, n=13)},
        },
        "tests": tests,
        "seconds": {"train": 60.0, "gradient": 2.0, "permutation": 1.0},
        "peak_bytes": 2**30,
    }


def records(**taus: Any) -> dict[str, dict]:
    """Return all encoders and attentions of SST; `lstm_additive={...}` gives one its taus."""
    names = [
        f"{encoder}_{attention}"
        for encoder in ("lstm", "cnn", "average")
        for attention in ("additive", "dot")
    ]
    rows = {name: f"sst-{name.replace('_', '-')}" for name in names}
    return {row: record(row, taus=taus.get(name)) for name, row in rows.items()}
