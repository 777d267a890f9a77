"""The results as Markdown."""

from collections.abc import Mapping
from typing import Any

TITLES = {
    "evaluation": "evaluation",
    "gradient": "gradient importance",
    "leave_one_out": "leave-one-out",
    "permutations": "permutations",
    "permutations_from_arrays": "permutations, from arrays",
    "tau": "tau table",
    "search": "search, the paper's settings",
    "search_from_arrays": "search, the paper's settings, from arrays",
    "search_default": "search, our defaults",
    "search_default_from_arrays": "search, our defaults, from arrays",
    "exact": "exact adversary, from arrays",
    "exact_from_text": "exact adversary, from texts",
    "epoch": "one training epoch",
}

REFERENCES = {
    "tuned": "tuned",
    "faithful": "faithful",
    "search_tuned": "search, tuned",
    "search_faithful": "search, faithful",
    "exact_solver": "exact solver, from arrays",
    "exact_solver_from_text": "exact solver, from texts",
    "scipy": "scipy, one by one",
}


def markdown(report: Mapping[str, Any]) -> str:
    """Return the whole report as Markdown."""
    parts = [_machine(report)]
    for setting, title in (("sst", "SST lengths"), ("long", "Long texts")):
        rows = [row for row in report["rows"] if row["setting"] == setting]
        if rows:
            parts.append(f"### {title}\n\n{_times(rows)}\n\n{_floors(rows)}")
    if any(report["facts"].values()):
        parts.append(_facts(report["facts"]))
    if report["scaling"]:
        parts.append(_scaling(report["scaling"]))
    return "\n\n".join(parts) + "\n"


def _machine(report: Mapping[str, Any]) -> str:
    machine, peaks = report["machine"], report["peaks"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    before, after = (report["load"][when] for when in ("before", "after"))
    return (
        f"{machine['processor']}, {machine['threads']} of {machine['cores']} cores; {versions}. "
        f"Weights: {report['options']['weights'].rpartition('/')[2]}. "
        f"Measured peaks: {peaks['flops'] / 1e9:.0f} GFLOP/s (matrix product), "
        f"{peaks['bytes'] / 1e9:.1f} GB/s (triad), "
        f"{peaks['elementary'] / 1e9:.2f} G elementary functions/s. "
        f"Load average (1, 5, 15 minutes) before {_numbers(before)}, after {_numbers(after)}."
    )


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{one:.1f}" for one in values)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _times(rows: list[Mapping[str, Any]]) -> str:
    header = ["measure", "PyTorch", "ours", "PyTorch's", "ratio", "of CPU time"]
    header += ["memory, ours", "PyTorch's", "largest difference"]
    return _table(header, [_time_line(row) for row in rows])


def _time_line(row: Mapping[str, Any]) -> list[str]:
    names = [TITLES[row["name"]], REFERENCES[row["functions"]["reference"]]]
    gate = row["gate"]
    difference = "not a number" if gate["difference"] is None else f"{gate['difference']:.0e}"
    if row["ratio"] is None:
        return [*names, "refused", "refused", "", "", "", "", difference]
    memory = row.get("memory")
    taken = [f"{memory[side]['working']:.0f} MiB" if memory else "" for side in row["functions"]]
    seconds = [_seconds(row["seconds"][side]) for side in ("ours", "reference")]
    return [
        *names,
        *seconds,
        f"{row['ratio']:.3g}x",
        f"{row['cpu_ratio']:.3g}x",
        *taken,
        difference,
    ]


def _seconds(value: float) -> str:
    return f"{value:.3g} s" if value >= 0.1 else f"{1000 * value:.3g} ms"


def _floors(rows: list[Mapping[str, Any]]) -> str:
    lines, seen = [], set()
    for row in rows:
        if row["ratio"] is None or row["name"] in seen:
            continue
        seen.add(row["name"])
        floor = row["floor"]
        counted = [f"{floor[key] / 1e9:.3g}" for key in ("flops", "bytes", "elementary")]
        lines.append(
            [
                TITLES[row["name"]],
                floor["formula"],
                *counted,
                _seconds(floor["seconds"]),
                _seconds(row["seconds"]["ours"]),
                f"{floor['share']:.0%}",
            ]
        )
    header = ["measure", "counted", "GFLOP", "GB moved", "G elementary", "floor", "ours",
              "reached"]  # fmt: skip
    return _table(header, lines)


def _facts(facts: Mapping[str, Mapping[str, float]]) -> str:
    lines = [
        [setting, name, f"{value:.4g}"]
        for setting, values in facts.items()
        for name, value in values.items()
    ]
    return "### What was found\n\n" + _table(["setting", "number", "value"], lines)


def _scaling(scaling: list[Mapping[str, Any]]) -> str:
    lines = [
        [
            one["axis"],
            one["group"],
            one["function"],
            ", ".join(str(size) for size in one["sizes"]),
            ", ".join(_seconds(value) for value in one["seconds"]),
            f"{one['exponent']:.2f}",
        ]
        for one in scaling
    ]
    header = ["with", "group", "function", "sizes", "time", "exponent"]
    return "### Growth\n\n" + _table(header, lines)
