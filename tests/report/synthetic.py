"""Work folders of runs that never happened, with numbers of the size that real ones have."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attnjax.config import resolve
from attnjax.experiments.adversary import share_below
from attnjax.experiments.capped import constraints_of, summarise_constrained
from attnjax.experiments.exact import compare_with_search, summarise_exact
from attnjax.experiments.multiclass import summarise_enclosed
from attnjax.measures.recovery import average_precision, chance_level, precision_at_evidence
from attnjax.measures.summary import summarise_tau, summarise_values

ALL_TESTS = (
    "gradient_agreement",
    "leave_one_out_agreement",
    "gradient_leave_one_out",
    "random_agreement",
    "permutation",
    "adversary",
    "exact_adversary",
    "capped_adversary",
)
CONSTRAINTS = {"caps": (0.5, 0.25), "floors": (0.5,)}
EPSILONS = (0.001, 0.01, 0.05, 0.5)
MEANS = {
    "gradient_agreement": 0.35,
    "leave_one_out_agreement": 0.29,
    "gradient_leave_one_out": 0.64,
    "random_agreement": 0.0,
}
BINS = ((0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0))
_SOME_WORDS = (
    "the a film of and is it movie good bad not very plot acting funny dull never long great story "
    "with but to in this that an as for on was be by so"
)
WORDS = _SOME_WORDS.split()
INTERVALS = {"samples": 200, "seed": 0}


def make_run(
    directory: Path,
    *,
    n: int = 120,
    class_names: tuple[str, ...] = ("negative", "positive"),
    tests: tuple[str, ...] = ALL_TESTS,
    planted: bool = False,
    encoder: str = "lstm",
    published: str | None = "SST",
    length: tuple[int, int] = (6, 40),
    texts: list[list[str]] | None = None,
    vocabulary: int = 0,
    config: dict[str, Any] | None = None,
    limit: int = 0,
    means: dict[str, float] | None = None,
    seed: int = 0,
) -> Path:
    """Write `results.json`, `config.json` and `instances.parquet`; return the folder.

    `means` overrides the mean tau of a test; `vocabulary` asks for made-up words; `limit`
    leaves the adversary's columns null from that instance on.
    """
    directory.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    options = {"length": length, "texts": texts, "vocabulary": vocabulary, "planted": planted}
    rows = _rows(generator, n, len(class_names), **options)
    for name, mean in (MEANS | (means or {})).items():
        if name in tests:
            rows |= _taus(generator, name, mean, rows)
    _changes(generator, rows, tests, limit)
    summary = {name: _agreement(rows, name) for name in tests if name in MEANS}
    summary |= _summaries(rows, tests, limit)
    if planted:
        summary |= _planted(rows)
    resolved = resolve(
        {"model": {"encoder": encoder}, "tests": tests, "bootstrap": {"samples": 200}}
        | (config or {})
    )
    (directory / "results.json").write_text(
        json.dumps(_results(rows, summary, class_names, resolved, published))
    )
    (directory / "config.json").write_text(
        json.dumps(
            {
                "schema": 1,
                "config": _plain(resolved),
                "packages": {"jax": "0.10.2", "numpy": "2.3.0"},
                "device": "1 x cpu (cpu)",
                "command": "python train.py --config=configs/sst.py",
            }
        )
    )
    table = pa.table({name: _arrow(values) for name, values in rows.items()})
    pq.write_table(table, directory / "instances.parquet")
    return directory


def _plain(config: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(config)


def _arrow(values: Any) -> pa.Array:
    if isinstance(values, np.ndarray):
        return pa.array(values, from_pandas=True)
    return pa.array([one.tolist() if isinstance(one, np.ndarray) else one for one in values])


def _rows(generator, n, num_classes, *, length, texts, vocabulary, planted) -> dict[str, Any]:
    words = np.array([f"word{index}" for index in range(vocabulary)] or WORDS)
    if texts is None:
        lengths = generator.integers(length[0], length[1] + 1, n)
        texts = [list(words[generator.integers(len(words), size=one)]) for one in lengths]
    lengths = [len(one) for one in texts]
    sharpness = generator.uniform(0.3, 4.0, n)
    logits = [
        scale * generator.standard_normal(one)
        for scale, one in zip(sharpness, lengths, strict=True)
    ]
    attention = [_softmax(one) for one in logits]
    probability = [_softmax(3 * generator.standard_normal(num_classes)) for _ in range(n)]
    predicted = np.array([int(np.argmax(one)) for one in probability], np.int32)
    wrong = generator.random(n) < 0.18
    label = np.where(wrong, (predicted + 1) % num_classes, predicted).astype(np.int32)
    gradient = [
        (np.exp(0.5 * one + generator.standard_normal(len(one))) * 0.02).astype(np.float32)
        * generator.choice([-1, 1], len(one))
        for one in logits
    ]
    rows: dict[str, Any] = {
        "instance_id": np.arange(1000, 1000 + n, dtype=np.int32),
        "tokens": [[str(token) for token in one] for one in texts],
        "label": label,
        "predicted": predicted,
        "probability": [one.astype(np.float32) for one in probability],
        "max_attention": np.array([one.max() for one in attention], np.float32),
        "attention": [one.astype(np.float32) for one in attention],
        "gradient": gradient,
        "leave_one_out": [
            np.abs(one * generator.uniform(0.2, 2.0, len(one))).astype(np.float32)
            for one in gradient
        ],
    }
    if planted:
        rows["evidence"] = [np.isin(np.arange(one), np.argsort(-scores)[:4:2]) for one, scores in
                            zip(lengths, logits, strict=True)]  # fmt: skip
    return rows


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def _taus(generator, name, mean, rows) -> dict[str, Any]:
    n = len(rows["instance_id"])
    tau = np.clip(generator.normal(mean, 0.2, n), -1, 1)
    p_value = np.clip(0.2 * np.exp(-5 * np.abs(tau)) * generator.uniform(0, 4, n), 0, 1)
    tau[:: max(n // 3, 2)] = p_value[:: max(n // 3, 2)] = np.nan
    return {f"{name}.tau": tau, f"{name}.p_value": p_value}


def _agreement(rows, name) -> dict[str, Any]:
    columns = (rows[f"{name}.tau"], rows[f"{name}.p_value"])
    return {"tau": summarise_tau(*columns, rows["predicted"], **INTERVALS)}


def _changes(generator, rows, tests, limit) -> None:
    n, top = len(rows["instance_id"]), rows["max_attention"]
    if "permutation" in tests:
        change = np.abs(generator.normal(0, 0.05 + 0.5 * top, n))
        rows["permutation.median_output_change"] = np.clip(change, 0, 1).astype(np.float32)
    if "adversary" in tests:
        jsd = np.clip(generator.beta(4, 2, n) * 0.69, 0, 0.69)
        found = generator.random(n) > 0.04
        measured = np.arange(n) < (limit or n)
        jsd = np.where(measured, np.where(found, jsd, 0.0), np.nan)
        rows["adversary.jsd"] = jsd
        rows["adversary.output_change"] = np.where(measured, generator.uniform(0, 0.01, n), np.nan)
        rows["adversary.found"] = [bool(one) if here else None for one, here in
                                   zip(found, measured, strict=True)]  # fmt: skip
        rows["adversary.attention"] = [
            generator.permutation(one) if here else None
            for one, here in zip(rows["attention"], measured, strict=True)
        ]
        rows["adversary.probability"] = [
            one if here else None for one, here in zip(rows["probability"], measured, strict=True)
        ]

    if "exact_adversary" in tests and len(rows["probability"][0]) == 2:
        _strongest(generator, rows)
    if "capped_adversary" in tests and len(rows["probability"][0]) == 2:
        _constrained(generator, rows)


def _strongest(generator, rows) -> None:
    """A curve that rises with epsilon, nowhere below what the search found at 0.01."""
    n = len(rows["instance_id"])
    searched = np.nan_to_num(rows.get("adversary.jsd", np.zeros(n)))
    steps = np.sort(generator.uniform(0, 1, (n, len(EPSILONS))), axis=1)
    curve = searched[:, None] + (np.log(2) - searched)[:, None] * steps
    curve[:, 0] = searched * steps[:, 0]
    several = np.array([len(one) > 1 for one in rows["tokens"]])
    curve = np.where(several[:, None], curve, 0.0).astype(np.float32)
    rows["exact_adversary.jsd"] = curve[:, 1]
    rows["exact_adversary.curve"] = list(curve)
    rows["exact_adversary.output_change"] = np.full(n, 0.01, np.float32) * several
    reach = np.clip(generator.uniform(-0.1, 1.0, n), 0, 1).astype(np.float32)
    rows["exact_adversary.max_output_change"] = reach * several
    rows["exact_adversary.certified"] = np.ones(n, bool)
    rows["exact_adversary.attention"] = [_two_tokens(len(one)) for one in rows["tokens"]]


def _constrained(generator, rows) -> None:
    """Bounds below the strongest adversary, tighter from constraint to constraint."""
    n = len(rows["instance_id"])
    lengths = np.array([len(one) for one in rows["tokens"]])
    top = np.nan_to_num(rows.get("exact_adversary.jsd", np.full(n, 0.6)))
    for place, one in enumerate(constraints_of(**CONSTRAINTS)):
        status = generator.integers(0, 2, n)
        feasible = generator.random(n) > 0.1 * (place + 1)
        if one.kind == "cap":
            feasible &= lengths * one.limit >= 1
        lower = top * (0.9 - 0.1 * place)
        columns = {
            "lower": np.where(feasible, lower, np.nan),
            "upper": np.where(feasible, lower + 0.04 * top * status, np.nan),
            "status": np.where(feasible, status, 2),
            "own_violates": rows["max_attention"] > one.limit,
        }
        rows.update({f"{one.name}_{name}": values for name, values in columns.items()})


def enclose(folder: Path, *, guarantee: tuple[int, ...] = (2, 2, 3), gap: float = 0.02) -> None:
    """Give a run of several classes bounds of its strongest adversaries."""
    table = pq.read_table(folder / "instances.parquet")
    n = table.num_rows
    upper = np.linspace(0.05, 0.69, n)
    kinds = np.resize(guarantee, n)
    rows = {
        "instance_id": np.arange(n),
        "exact_adversary.lower": np.maximum(upper - gap, 0),
        "exact_adversary.upper": upper,
        "exact_adversary.guarantee": kinds,
        "exact_adversary.says_nothing": kinds == 1,
    }
    for name, values in list(rows.items())[1:]:
        table = table.append_column(name, pa.array(values))
    pq.write_table(table, folder / "instances.parquet")
    results = json.loads((folder / "results.json").read_text())
    reason = "the model has 3 classes, and the method is for two"
    adversary = results["tests"].setdefault("adversary", {"epsilon": 0.01})
    adversary["exact"] = {"status": "enclosed", "reason": reason}
    summary = summarise_enclosed(rows, None, epsilon=0.01, **INTERVALS).summary
    adversary["multiclass"] = summary
    (folder / "results.json").write_text(json.dumps(results))


def _two_tokens(length) -> np.ndarray:
    return np.eye(1, length)[0] * 0.75 + np.eye(1, length, min(1, length - 1))[0] * 0.25


def _summaries(rows, tests, limit) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    if "permutation" in tests:
        change = rows["permutation.median_output_change"]
        summary["permutation"] = {
            "median_output_change": summarise_values(change, **INTERVALS),
            "by_max_attention": _by_max_attention(change, rows["max_attention"]),
        }
    if "adversary" in tests:
        jsd = rows["adversary.jsd"]
        summary["adversary"] = {
            "epsilon": 0.01,
            "search": {
                "max_jsd": summarise_values(jsd, **INTERVALS),
                "output_change": summarise_values(rows["adversary.output_change"], **INTERVALS),
                "feasible_share": 0.9,
                "share_below": share_below(jsd),
                "by_max_attention": _by_max_attention(jsd, rows["max_attention"]),
                "settings": {
                    "candidates": 5,
                    "steps": 500,
                    "optimizer_epsilon": 0.01,
                    "filter_epsilon": 0.01,
                    "keep": "best",
                },
            },
        } | ({"limit": limit} if limit else {})
    if "exact_adversary" in tests:
        summary.setdefault("adversary", {"epsilon": 0.01})
        summary["adversary"] |= _exact(rows, "adversary" in tests)
    if "capped_adversary" in tests:
        summary.setdefault("adversary", {"epsilon": 0.01})
        summary["adversary"]["capped"] = _capped(rows)
    return summary


def _capped(rows) -> Any:
    if "capped_adversary.cap_0.5_lower" not in rows:
        return {"status": "skipped", "reason": "the model has too many classes"}
    found = summarise_constrained(rows, **CONSTRAINTS, epsilon=0.01, **INTERVALS)
    return [one | {"optimal_gap": 0.001} for one in found.summary["constraints"]]


def _exact(rows, searched) -> dict[str, Any]:
    if "exact_adversary.jsd" not in rows:
        return {"exact": {"status": "skipped", "reason": "the model has too many classes"}}
    top = {"max_attention": rows["max_attention"]}
    result = summarise_exact(rows, **top, epsilons=EPSILONS, **INTERVALS)
    beside = compare_with_search(rows, rows, place=1) if searched else {}
    return {"exact": result.summary} | beside


def _by_max_attention(values, top) -> list[dict[str, Any]]:
    bins = []
    for low, high in BINS:
        inside = values[(top >= low) & ((top < high) | (high == 1)) & np.isfinite(values)]
        some = len(inside) > 0
        bins.append(
            {
                "low": low,
                "high": high,
                "n": len(inside),
                "mean": float(inside.mean()) if some else None,
                "median": float(np.median(inside)) if some else None,
            }
        )
    return bins


def _planted(rows) -> dict[str, Any]:
    scores = {name: [np.abs(one) for one in rows[name]]
              for name in ("attention", "gradient", "leave_one_out")}  # fmt: skip
    evidence = rows["evidence"]
    chance = np.array([chance_level(one) for one in evidence])
    summary: dict[str, Any] = {"chance": {"auprc": summarise_values(chance, **INTERVALS)}}
    for name, values in scores.items():
        auprc, precision = (
            np.array([measure(one, flags) for one, flags in zip(values, evidence, strict=True)])
            for measure in (average_precision, precision_at_evidence)
        )
        summary[name] = {
            "auprc": summarise_values(auprc, **INTERVALS),
            "precision": summarise_values(precision, **INTERVALS),
        }
        rows[f"planted_evidence.{name}_auprc"] = auprc
    controls = {"positive": dict(summary), "negative": dict(summary)}
    controls["positive"]["attention"] = _level(0.98)
    controls["negative"]["attention"] = _level(summary["chance"]["auprc"]["mean"])
    return {"planted_evidence": summary, "planted_controls": controls}


def _level(mean: float) -> dict[str, Any]:
    one = {"mean": mean, "ci95": [mean - 0.01, mean + 0.01], "n": 100}
    return {"auprc": one, "precision": one}


def _results(rows, summary, class_names, config, published) -> dict[str, Any]:
    accuracy = float(np.mean(rows["label"] == rows["predicted"]))
    scores = {"accuracy": accuracy, "f1": accuracy, "f1_macro": accuracy, "auc": 0.89, "loss": 0.4}
    n = len(rows["instance_id"])
    return {
        "schema": 1,
        "dataset": {
            "name": "planted" if "evidence" in rows else "sst",
            "published": None if "evidence" in rows else published,
            "class_names": list(class_names),
            "splits": {"train": 6355, "dev": 821, "test": n},
            "kept": 7176 + n,
            "dropped": {"5 tokens or fewer": 12, "empty": 0},
            "truncated": 0,
        },
        "model": {"encoder": config.model.encoder, "attention": config.model.attention,
                  "parameters": 4_588_673},
        "protocol": {
            "setting": "fixed",
            "data.filter": "paper",
            "training.amsgrad": "fixed",
            "selection.split": "dev",
            "gradient.target": "probability",
            "adversary.optimizer_epsilon": "fixed",
            "adversary.filter_epsilon": "fixed",
            "adversary.keep": "fixed",
        },
        "performance": {"dev": scores, "test": scores},
        "tests": summary,
        "seconds": {"train": 50.0},
    }  # fmt: skip
