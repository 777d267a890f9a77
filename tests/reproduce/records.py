"""Records of runs that never happened, with the numbers that a test wants."""

from typing import Any

TESTS = (
    "gradient_agreement",
    "leave_one_out_agreement",
    "gradient_leave_one_out",
    "random_agreement",
)


def record(row: str, *, taus: dict[str, tuple[float, float, float]] | None = None) -> dict:
    """Return a record with the given taus (mean, low, high); 0.3 [0.29, 0.31] where none is."""
    given = dict.fromkeys(TESTS, (0.3, 0.29, 0.31)) | (taus or {})
    groups = [
        {"low": 0.0, "high": 0.25, "n": 40, "mean": 0.02, "median": 0.01},
        {"low": 0.75, "high": 1.0, "n": 12, "mean": 0.3, "median": 0.25},
    ]
    tests: dict[str, Any] = {
        name: {"tau": {"overall": {"mean": mean, "ci95": [low, high], "n": 50, "undefined": 0}}}
        for name, (mean, low, high) in given.items()
    }
    summary = {"mean": 0.1, "median": 0.05, "ci95": [0.08, 0.12], "n": 52, "undefined": 0}
    tests["permutation"] = {"median_output_change": summary, "by_max_attention": groups}
    tests["adversary"] = {
        "epsilon": 0.01,
        "limit": 40,
        "search": {"max_jsd": summary | {"mean": 0.5}, "by_max_attention": groups},
        "exact": {"status": "solved", "max_jsd": summary | {"mean": 0.6}},
    }
    return {
        "schema": 1,
        "row": row,
        "changed": [],
        "device": "1 x cpu (cpu)",
        "seed": 0,
        "dataset": {
            "splits": {"train": 1000, "dev": 100, "test": 52},
            "dropped": {"neutral label": 7},
            "vocabulary": 1234,
            "truncated": 3,
        },
        "model": {"epochs_run": 8},
        "performance": {"accuracy": 0.8, "accuracy_ci95": [0.7, 0.9], "f1": 0.75},
        "tests": tests,
        "near_maximal_share": 0.61,
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
