"""What the tests that train other models would have added to a synthetic run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attnjax.experiments.seeds import adversary_quantile
from attnjax.measures.summary import summarise_values

from .synthetic import BINS, INTERVALS

COUNTER_TESTS = ("uniform", "seeds", "guides", "trained_adversary", "mass_adversary")
LAMBDAS = (6.5e-5, 1.3e-4, 2.6e-4, 5.25e-4, 1.05e-3, 2.1e-3, 4.2e-3, 8.4e-3)
GUIDES = {"uniform": 0.0, "trained": 0.02, "base": 0.04, "adversary": -0.12}
"""How much F1 each guide gains over uniform attention."""


def add_models(
    folder: Path,
    *,
    tests: tuple[str, ...] = COUNTER_TESTS,
    seeds: int = 8,
    lambdas: tuple[float, ...] = LAMBDAS,
    gain: float = 0.03,
    half_width: float = 0.012,
    variant: str = "",
    base: str = "",
    diverged: tuple[int, ...] = (),
    quantiles: tuple[float | None, float | None] = (0.99, 1.0),
    marked: str = "evidence",
    seed: int = 0,
) -> Path:
    """Write the five tests into a run's files, true to the schema; return the folder.

    Args:
        folder: of `make_run`.
        tests: which of the five.
        seeds: trained, beside the base's.
        lambdas: of the sweep.
        gain: F1 and AUC with learnt attention minus those with uniform attention.
        half_width: of the intervals of differences.
        variant: of the planted corpus, or "" for other data.
        base: work folder of the base of the sweep, or "".
        diverged: which lambdas have no numbers.
        quantiles: of search and exact adversary; None where that test was not run.
        marked: by the mass adversary.
        seed: of the numbers.
    """
    generator = np.random.default_rng(seed)
    table = pq.read_table(folder / "instances.parquet")
    n, top = table.num_rows, np.asarray(table.column("max_attention"))
    results, config = (_read(folder / name) for name in ("results.json", "config.json"))
    rows: dict[str, Any] = {}
    names = list(range(1, seeds + 1))
    made = {
        "uniform": lambda: _uniform(generator, names, gain, half_width),
        "seeds": lambda: _seeds(generator, rows, names, top, quantiles),
        "guides": lambda: _guides(generator, names, half_width),
        "trained_adversary": lambda: _trained(
            generator, rows, n, lambdas, diverged=diverged, results=results
        ),
        "mass_adversary": lambda: _mass(marked),
    }
    for name in tests:
        results["tests"][name] = made[name]()
    if {"guides", "trained_adversary"} <= set(tests):
        sweep = results["tests"]["trained_adversary"]
        if sweep["chosen"] is not None:
            point = sweep["lambdas"][sweep["chosen"]]
            kept = {key: point[key] for key in ("lambda", "jsd", "tvd")}
            results["tests"]["guides"]["source"] = {"adversary": kept}
    if "trained_adversary" in tests and "seeds" in tests and not base:
        own = results["tests"]["seeds"]
        results["tests"]["trained_adversary"]["seeds"] = {
            "jsd": own["jsd"]["mean"],
            "tvd": own["output_change"]["mean"],
        }
        chosen = results["tests"]["trained_adversary"]["chosen"]
        if chosen is not None:
            both = rows | {"instance_id": np.arange(n)}
            own["adversary_quantile"]["trained"] = adversary_quantile(
                both, both, "trained_adversary.jsd", member=chosen
            )
    sections = config["config"]
    sections["trained_adversary"] = {"base": base, "lambdas": list(lambdas)}
    sections["mass_adversary"] = {"mass": 0.01, "marked": marked}
    sections["guides"] = {"file": ""}
    if variant:
        sections["data"] |= {"name": "planted", "planted": variant}
    results["protocol"]["trained_adversary.tvd"] = "fixed"
    for name, values in rows.items():
        table = table.append_column(name, pa.array(values))
    pq.write_table(table, folder / "instances.parquet")
    for name, content in (("results.json", results), ("config.json", config)):
        (folder / name).write_text(json.dumps(content))
    return folder


def change_results(folder: Path, change) -> None:
    """Apply a function to the tests of `results.json`."""
    results = _read(folder / "results.json")
    change(results["tests"])
    (folder / "results.json").write_text(json.dumps(results))


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def _uniform(generator, names, gain, half_width) -> dict[str, Any]:
    per_seed = []
    for one in names:
        f1, auc = 0.78 + 0.006 * generator.standard_normal(2)
        per_seed.append(
            {
                "seed": one,
                "base": {"f1": f1, "auc": auc + 0.08},
                "uniform": {
                    "f1": f1 - gain + 0.004 * generator.standard_normal(),
                    "auc": auc + 0.08 - gain + 0.004 * generator.standard_normal(),
                },
            }
        )
    means = {
        kind: {key: float(np.mean([one[kind][key] for one in per_seed])) for key in ("f1", "auc")}
        for kind in ("base", "uniform")
    }
    difference = {key: means["base"][key] - means["uniform"][key] for key in ("f1", "auc")}
    ends = {key: [value - half_width, value + half_width] for key, value in difference.items()}
    return {
        "base": means["base"] | {"accuracy": 0.781},
        "uniform": means["uniform"] | {"accuracy": 0.752},
        "difference": difference,
        "difference_ci95": ends,
        "per_seed": per_seed,
        "as_good": all(low <= 0 for low, _ in ends.values()),
    }


def _seeds(generator, rows, names, top, quantiles) -> dict[str, Any]:
    n, count = len(top), len(names)
    jsd = np.clip(np.abs(generator.normal(0, 0.03 + 0.25 * top[:, None], (n, count))), 0, 0.69)
    change = np.clip(np.abs(generator.normal(0, 0.08, (n, count))), 0, 1)
    rows["seeds.jsd"] = [one.astype(np.float32) for one in jsd]
    rows["seeds.output_change"] = [one.astype(np.float32) for one in change]
    per_seed = [
        {
            "seed": name,
            "f1": 0.78 + 0.006 * float(generator.standard_normal()),
            "auc": 0.86 + 0.004 * float(generator.standard_normal()),
            "jsd": float(jsd[:, place].mean()),
            "output_change": float(change[:, place].mean()),
        }
        for place, name in enumerate(names)
    ]
    return {
        "count": count,
        **{
            key: {"mean": float(np.mean(values)), "std": float(np.std(values))}
            for key in ("f1", "auc")
            for values in [[one[key] for one in per_seed]]
        },
        "jsd": _summary(jsd),
        "output_change": _summary(change),
        "per_seed": per_seed,
        "by_max_attention": _bins(jsd, top),
        "adversary_quantile": dict(zip(("search", "exact"), quantiles, strict=True)),
    }


def _summary(values) -> dict[str, Any]:
    found = summarise_values(values.mean(axis=1), **INTERVALS)
    return {key: found[key] for key in ("mean", "ci95", "median", "q25", "q75")}


def _bins(values, top) -> list[dict[str, Any]]:
    found = []
    for low, high in BINS:
        inside = values[(top >= low) & ((top < high) | (high == 1))].ravel()
        some = len(inside) > 0
        found.append(
            {
                "low": low,
                "high": high,
                "n": len(inside),
                "mean": float(inside.mean()) if some else None,
                "median": float(np.median(inside)) if some else None,
            }
        )
    return found


def _guides(generator, names, half_width) -> dict[str, Any]:
    guides, differences = {}, {}
    for name, gain in GUIDES.items():
        per_seed = [
            {
                "seed": one,
                "f1": 0.74 + gain + 0.005 * float(generator.standard_normal()),
                "auc": 0.81 + gain + 0.005 * float(generator.standard_normal()),
            }
            for one in names
        ]
        means = {key: float(np.mean([one[key] for one in per_seed])) for key in ("f1", "auc")}
        ends = {f"{key}_ci95": [value - 0.02, value + 0.02] for key, value in means.items()}
        guides[name] = means | ends | {"per_seed": per_seed}
        if name != "uniform":
            difference = {key: means[key] - guides["uniform"][key] for key in ("f1", "auc")}
            differences[name] = difference | {
                f"{key}_ci95": [value - half_width, value + half_width]
                for key, value in difference.items()
            }
    return {**guides, "differences": differences, "source": {}}


def _trained(generator, rows, n, lambdas, *, diverged, results) -> dict[str, Any]:
    jsd, tvd, entries = [], [], []
    for place, weight in enumerate(lambdas):
        pull = np.log10(weight / 1e-5) / 3
        nothing = np.full(n, np.nan)
        lost = place in diverged
        jsd.append(nothing if lost else np.clip(generator.normal(0.6 * pull, 0.1, n), 0, 0.69))
        tvd.append(nothing if lost else np.abs(generator.normal(0, 0.07 * pull**2, n)))
        scores = {"f1": 0.78 - 0.05 * pull**3, "auc": 0.86 - 0.04 * pull**3}
        entries.append(
            {
                "lambda": weight,
                "jsd": None if lost else float(jsd[-1].mean()),
                "tvd": None if lost else float(tvd[-1].mean()),
                **(dict.fromkeys(scores) if lost else scores),
                "epochs_run": 80,
                "best_epoch": None if lost else 71 - place,
            }
        )
    rows["trained_adversary.jsd"] = list(np.array(jsd, np.float32).T)
    rows["trained_adversary.tvd"] = list(np.array(tvd, np.float32).T)
    adversary = results["tests"].get("adversary", {})
    instance = {}
    if "search" in adversary:
        instance["search"] = {
            "jsd": adversary["search"]["max_jsd"]["mean"],
            "tvd": adversary["search"]["output_change"]["mean"],
        }
    if adversary.get("exact", {}).get("status") == "solved":
        instance["exact"] = {"jsd": adversary["exact"]["max_jsd"]["mean"], "tvd": 0.0099}
    return {
        "setting": "fixed",
        "lambdas": entries,
        "chosen": _chosen(entries),
        "instance_adversary": instance,
        "seeds": None,
        "norms": {
            "base": {"states": 3.1, "decoder": 1.9},
            "adversary": {"states": 4.4, "decoder": 2.0},
        },
    }


def _chosen(entries) -> int | None:
    known = [index for index, one in enumerate(entries) if one["jsd"] is not None]
    within = [index for index in known if entries[index]["tvd"] < 0.05]
    if within:
        return max(within, key=lambda index: entries[index]["jsd"])
    return min(known, key=lambda index: entries[index]["tvd"]) if known else None


def _mass(marked) -> dict[str, Any]:
    return {
        "marked": marked,
        "target": 0.01,
        "chosen": 1,
        "weight": [0.1, 1.0],
        "mass": {"base": 0.62, "adversary": [0.11, 0.004]},
        "f1": {"base": 0.78, "adversary": [0.779, 0.771]},
        "auc": {"base": 0.86, "adversary": [0.859, 0.853]},
    }
