"""The report of a fine-tuning as one HTML page, and its figures as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from attnjax.report.gpt.findings_tasks import cell
from attnjax.report.gpt.published_tasks import METRICS, TASK_NAMES
from attnjax.report.gpt.sections_tasks import analysis_sections, rows_section
from attnjax.report.gpt.trial import NO_TRIAL, TrialPart, trial_part
from attnjax.report.load import read_run
from attnjax.report.numbers import as_estimate, count, plural, with_interval
from attnjax.report.rendering import rendered
from attnjax.report.sections import Section
from attnjax.report.style import house_style
from attnjax.report.tables import two_columns
from attnjax.workspace import flatten, read_json, write_atomically

INTRODUCTION = (
    "A transformer that was pre-trained as a language model is fine-tuned on a task (Radford et "
    "al. 2018). This page says how well it does, over the seeds that were run, and what it owes to "
    "its parts. Every section says how its numbers are to be read, and what does not follow from "
    "them."
)

SCOPE = (
    "Everything here is of one task's rows and of the seeds that were run; more seeds narrow the "
    "intervals, other rows may move them.",
    "The published figures stand beside ours for orientation. They are of 12 layers, 768 wide, "
    "pre-trained on the BooksCorpus, and of test sets whose labels are not public.",
)

GLOSSARY = (
    (
        "auxiliary loss",
        "The loss of the language model on the task's own texts, added to the task's loss with the "
        "weight lambda.",
    ),
    (
        "seed",
        "Decides the new weights, the order of the rows and the dropout. Trainings of the same "
        "seed differ in nothing but what they compare.",
    ),
    (
        "Matthews correlation",
        "Correlation of two classes with the predicted ones: 1 for all right, 0 for chance.",
    ),
    ("F1", "Harmonic mean of precision and recall of the second class (“same”, of pairs)."),
    (
        "95% interval",
        "Of 100 such intervals about 95 hold the true value. Of differences between trainings it "
        "is over the seeds.",
    ),
)


def write_fine_tuning_report(directory: Path, *, title: str) -> None:
    """Write `figures/*.svg` and `report.html` of a finished fine-tuning.

    The same results give the same bytes.

    Args:
        directory: with `results.json` and `config.json`.
        title: of the page; empty for one made of the task.

    Raises:
        WorkFolderError: if a file cannot be read or written.
    """
    found, record = (read_json(directory / name) for name in ("results.json", "config.json"))
    trial = None
    with house_style():
        sections = report_sections(found)
        if "part" in found:
            trial = trial_part(read_run(directory))
            sections += trial.sections
    drawings = [drawing for section in sections for drawing in section.drawings]
    drawings += [trial.overview] if trial and trial.overview else []
    for drawing in drawings:
        write_atomically(directory / "figures" / f"{drawing.name}.svg", drawing.file)
    page = render(found, record, sections, title=title or default_title(found), trial=trial)
    write_atomically(directory / "report.html", page.encode())


def default_title(results: dict[str, Any]) -> str:
    """Return the title of a page of which the config says none.

    Example:
        >>> default_title({"dataset": {"name": "rte"}})
        'GPT on RTE: what pre-training is worth'
    """
    name = results["dataset"]["name"]
    on = "" if name is None else f" on {TASK_NAMES.get(name, name)}"
    asked = "may its attention be read as an explanation?"
    return f"GPT{on}: {asked if 'part' in results else 'what pre-training is worth'}"


def outcome(results: dict[str, Any]) -> str:
    """Return how a fine-tuning ended, in one line.

    Args:
        results: content of `results.json`.

    Example:
        >>> scores = {"accuracy": {"mean": 0.9, "std": 0.01}}
        >>> outcome({"tests": {"fine_tuning": {"rte": {"metric": "accuracy", "scores": scores}}}})
        'RTE: accuracy 0.900 (0.010)'
    """
    tests = results["tests"]
    if "fine_tuning" in tests:
        [(task, summary)] = tests["fine_tuning"].items()
        metric = summary["metric"]
        shown = cell(summary["scores"][metric])
        return f"{TASK_NAMES.get(task, task)}: {METRICS[metric]} {shown}"
    names = [str(name) for name in tests.get("zero_shot", {}).get("tasks", {})]
    return "zero-shot scores of " + ", ".join(TASK_NAMES.get(name, name) for name in names)


def report_sections(results: dict[str, Any]) -> list[Section]:
    """Return the sections of what was run, in the order of reading.

    Args:
        results: content of `results.json`.
    """
    tests = dict(results["tests"])
    sections = []
    if "fine_tuning" in tests:
        [tests["fine_tuning"]] = tests["fine_tuning"].values()
        sections.append(rows_section(results["dataset"]))
    return sections + analysis_sections(tests)


def render(
    results: dict[str, Any],
    record: dict[str, Any],
    sections: Sequence[Section],
    *,
    title: str,
    trial: TrialPart | None = None,
) -> str:
    """Return the page.

    Args:
        results: content of `results.json`.
        record: content of `config.json`.
        sections: of the page.
        title: of the page.
        trial: what the page says of the model on trial, or None.
    """
    trial = trial or NO_TRIAL
    config = flatten(record["config"])
    return rendered(
        "report.html",
        title=title,
        introduction=INTRODUCTION,
        provenance=provenance(results, record),
        glance=[*glance(results), *trial.glance],
        overview=trial.overview,
        sections=sections,
        protocol=two_columns("How it is trained", "field", _chosen(config)),
        scope=(*SCOPE, *trial.scope),
        glossary=(*GLOSSARY, *(one for one in trial.glossary if one[0] not in dict(GLOSSARY))),
        intervals=_what_intervals_are_over(results),
        configuration=two_columns(
            "Resolved config", "field", _used(config, results["model"]["start"])
        ),
        packages=two_columns("Package versions", "package", record.get("packages", {})),
        instances=trial.instances,
        question=False,
        underlined="",
        instance_notes=trial.instance_notes,
        data=Markup(trial.instances.json),
    )


def provenance(results: dict[str, Any], record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the numbers are of.

    Args:
        results: content of `results.json`.
        record: content of `config.json`.
    """
    model, dataset = results["model"], results["dataset"]
    made = f"an LSTM of {model['lstm_units']} units" if model["lstm_units"] else (
        f"{plural(model['layers'], 'layer')}, {model['width']} wide, "
        f"{plural(model['heads'], 'head')}"
    )  # fmt: skip
    if model["parameters"]:
        made += f", {count(model['parameters'])} parameters"
    start = model["start"]
    if model["start_steps"]:
        start += f" ({plural(model['start_steps'], 'step')} of pre-training)"
    sizes = ", ".join(f"{name} {count(size)}" for name, size in dataset["splits"].items())
    seed = record["config"]["seed"]
    seeds = record["config"]["fine_tuning"]["seeds"]
    return [
        ("Model", made),
        ("Starts from", "new weights" if start == "none" else start),
        ("Tokenizer", ", ".join(f"{name} {value}" for name, value in model["tokenizer"].items())),
        *((("Rows", sizes),) if sizes else ()),
        ("Seeds", f"{seed} to {seed + seeds - 1}" if seeds > 1 else str(seed)),
        ("Device", str(record.get("device", "not recorded"))),
        ("Command", str(record.get("command", "not recorded"))),
        *(("Continued by", str(one.get("command"))) for one in record.get("history", ())),
    ]


def glance(results: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the numbers at the head of the page.

    Args:
        results: content of `results.json`.
    """
    found = []
    for task, summary in results["tests"].get("fine_tuning", {}).items():
        found += [
            (f"{TASK_NAMES.get(task, task)}: {METRICS[name]}", with_interval(as_estimate(one), 3))
            for name, one in summary["scores"].items()
        ]
    for name, one in results["tests"].get("zero_shot", {}).get("tasks", {}).items():
        if one["points"]:
            point = one["points"][-1]
            last = as_estimate({"mean": point["score"], "ci95": point["ci95"]})
            task, metric = TASK_NAMES.get(name, name), METRICS[one["metric"]]
            found.append((f"{task}, zero-shot: {metric}", with_interval(last, 3)))
    return found


def _what_intervals_are_over(results: dict[str, Any]) -> str:
    """Return what intervals at the head of the page are over beside instances."""
    several = any(len(one["seeds"]) > 1 for one in results["tests"].get("fine_tuning", {}).values())
    return ", of the scores after fine-tuning over the seeds too" if several else ""


def _used(config: dict[str, Any], start: str) -> dict[str, Any]:
    """Return the fields of a config without the model's sizes where these are the weights'."""
    if start == "none":
        return config
    sizes = ("num_layers", "num_heads", "width", "context", "lstm_units")
    return {name: one for name, one in config.items() if name not in {f"gpt.{x}" for x in sizes}}


_SHOWN = (
    *("gpt.mode", "fine_tuning.epochs", "fine_tuning.batch_size", "fine_tuning.learning_rate"),
    *("fine_tuning.language_weight", "fine_tuning.warmup", "fine_tuning.keep"),
    *("fine_tuning.truncation", "fine_tuning.layers", "fine_tuning.optimizer"),
)


def _chosen(config: dict[str, Any]) -> dict[str, Any]:
    return {name: config[name] for name in _SHOWN if name in config}
