"""The sections of a fine-tuning's report: the task, its scores, and the paper's analyses."""

from collections.abc import Mapping
from typing import Any

from attnjax.report.gpt.figures_tasks import ablation_differences, layer_curve, zero_shot_curves
from attnjax.report.gpt.findings_tasks import (
    VARIANTS,
    ablation_findings,
    cell,
    layer_findings,
    task_findings,
)
from attnjax.report.gpt.findings_zero_shot import zero_shot_findings
from attnjax.report.gpt.published_tasks import ABLATED, FINE_TUNED, METRICS, TASK_NAMES
from attnjax.report.numbers import MISSING, as_estimate, count, interval, number
from attnjax.report.sections import Section
from attnjax.report.tables import Table

PUBLISHED = (
    "Published: Radford et al. (2018), in percent there, with 12 layers pre-trained on about "
    "7,000 books, on the official test set. Another model on other rows: equal numbers are not to "
    "be expected."
)


def rows_section(dataset: Mapping[str, Any]) -> Section:
    """Return the section on which texts are used, which are cut and which are left out.

    Args:
        dataset: of the results.
    """
    splits = dataset["splits"]
    rows = []
    for split, size in splits.items():
        cut = dataset["truncated"].get(split, {})
        texts, tokens = [*cut.values(), 0, 0][:2]
        rows.append((split, count(size), count(texts), count(tokens)))
    table = Table(
        "Rows by split",
        ("split", "rows", "texts cut to the context", "tokens cut off"),
        tuple(rows),
    )
    dropped = tuple((reason, count(size)) for reason, size in dataset["dropped"].items())
    left = dataset.get("left_out_by_limit", {})
    dropped += tuple((f"{split}: left out by the config's limit", count(size))
                     for split, size in left.items() if size)  # fmt: skip
    reasons = Table("Left out", ("reason", "texts"), dropped)
    return Section(
        "rows",
        "The task's rows",
        "Which texts are learnt from, and which is the model judged by?",
        "A row is a text, a pair of texts, or a question with its choices. Texts that are longer "
        "than the model's context lose their end; how many did, and how many tokens were lost, "
        "stands beside each split. Where many are cut, every score on this page is that of a model "
        "which did not see all of the text.",
        tables=(table, *((reasons,) if dropped else ())),
        notes=tuple(dataset.get("notes", ())),
    )


def task_section(summary: Mapping[str, Any]) -> Section:
    """Return the section on the scores over the seeds.

    Args:
        summary: `fine_tuning` of the results.
    """
    names = list(summary["scores"])
    rows = []
    for name in names:
        score = summary["scores"][name]
        published = FINE_TUNED.get(summary["task"]) if name == summary["metric"] else None
        rows.append(
            (
                METRICS[name],
                number(score["mean"], 3),
                MISSING if score["n"] == 1 else number(score["std"], 3),
                interval(as_estimate(score), 3),
                number(summary["without_learning"].get(name), 3),
                MISSING if published is None else number(published / 100, 3),
            )
        )
    columns = ("", "mean", "std of seeds", "95% interval", "without learning", "published")
    scores = Table("Scores on test", columns, tuple(rows), PUBLISHED)
    notes = ()
    if len(summary["seeds"]) == 1:
        notes = ("One seed: the intervals are over test rows alone, and say nothing of seeds.",)
    return Section(
        "fine_tuning",
        f"Fine-tuning on {TASK_NAMES.get(summary['task'], summary['task'])}",
        "How well does the model do on the task, and how much of that is chance?",
        "The model is fine-tuned once with each seed: the seed decides the weights of the new "
        "layer, the order of the rows and the dropout. The mean is over seeds, the deviation is "
        "between them; the interval is a bootstrap over seeds and test rows together. “Without "
        "learning” is what always giving the most frequent answer (or guessing among the choices) "
        "would score (for F1, always the second class): only above it has the model learnt "
        "anything from the texts. A dash stands for what is undefined.",
        tables=(scores, _seed_table(summary)),
        findings=task_findings(summary),
        notes=notes,
    )


def _seed_table(summary: Mapping[str, Any]) -> Table:
    names = list(summary["scores"])
    rows = [
        (str(one["seed"]), *(number(one[name], 3) for name in names)) for one in summary["seeds"]
    ]
    for split, scores in summary.get("others", {}).items():
        rows += [
            (f"{one['seed']}, on {split}", *(number(one[name], 3) for name in names))
            for one in scores
        ]
    columns = ("seed", *(METRICS[name] for name in names))
    return Table("Each seed", columns, tuple(rows))


def ablations_section(analysis: Mapping[str, Any]) -> Section:
    """Return the section on what each part is worth.

    Args:
        analysis: `ablations` of the results.
    """
    metric = analysis["metric"]
    rows = []
    for one in analysis["variants"]:
        difference = one.get("difference", {}).get(metric)
        estimate = as_estimate(difference) if difference else None
        printed = ABLATED.get(one["name"], {}).get(analysis["task"])
        rows.append(
            (
                VARIANTS[one["name"]],
                cell(one["scores"][metric]),
                MISSING if estimate is None else number(estimate.value, 3),
                MISSING if estimate is None else interval(estimate, 3),
                MISSING if printed is None else number(printed / 100, 3),
            )
        )
    table = Table(
        "Ablations",
        ("", f"{METRICS[metric]} (std)", "difference", "95% interval", "published"),
        tuple(rows),
        PUBLISHED,
    )
    left = analysis.get("left_out", {})
    return Section(
        "ablations",
        "Ablations",
        "Which parts does the model owe its score to: pre-training, the auxiliary loss, the "
        "transformer?",
        "Each row is the same training with one part taken away: the weights of pre-training, the "
        "language model's loss beside the task's, or the transformer, in whose place one LSTM "
        "stands that was pre-trained in the same framework. All share the seeds, so the "
        "difference from the full model is taken seed by seed; its interval is Student's over the "
        "seeds, because a bootstrap of so few values is too narrow. An interval left of 0 says "
        "that the part helps, one across 0 that the seeds cannot tell.",
        drawings=(ablation_differences(analysis),),
        tables=(table,),
        findings=ablation_findings(analysis),
        notes=tuple(f"Left out: {VARIANTS[name]} ({why})." for name, why in left.items()),
    )


def layers_section(analysis: Mapping[str, Any]) -> Section:
    """Return the section on how many layers are transferred.

    Args:
        analysis: `layers` of the results.
    """
    metric = analysis["metric"]
    rows = []
    for one in analysis["variants"]:
        difference = one.get("difference", {}).get(metric)
        estimate = as_estimate(difference) if difference else None
        name = {-1: "nothing", 0: "0 (the embeddings alone)"}.get(one["name"], str(one["name"]))
        rows.append(
            (
                name,
                cell(one["scores"][metric]),
                MISSING if estimate is None else number(estimate.value, 3),
                MISSING if estimate is None else interval(estimate, 3),
            )
        )
    table = Table(
        f"Layers transferred, of {analysis['num_layers']}",
        ("layers", f"{METRICS[metric]} (std)", "difference from the first", "95% interval"),
        tuple(rows),
    )
    return Section(
        "layers",
        "Layers transferred",
        "How much does each further pre-trained layer add?",
        "The model starts from the table of embeddings and the first layers of the pre-trained "
        "one; its other layers begin anew. The paper finds that each layer helps, up to all "
        "twelve, and takes that as a sign that each holds something of use. A curve that is flat "
        "from some layer on says that later layers are not needed for this task. Differences are "
        "seed by seed, their intervals Student's over the seeds.",
        drawings=(layer_curve(analysis),),
        tables=(table,),
        findings=layer_findings(analysis),
    )


def zero_shot_section(analysis: Mapping[str, Any]) -> Section:
    """Return the section on what the language model can do without fine-tuning.

    Args:
        analysis: `zero_shot` of the results.
    """
    rows = []
    for name, one in analysis["tasks"].items():
        last = one["points"][-1] if one["points"] else {"score": None, "ci95": None}
        estimate = as_estimate({"mean": last["score"], "ci95": last["ci95"]})
        rows.append(
            (
                TASK_NAMES.get(name, name),
                METRICS[one["metric"]],
                count(one["n"]),
                number(estimate.value, 3),
                interval(estimate, 3),
                number(one["chance"], 3),
                "not known" if one["best"] is None else number(one["best"], 3),
            )
        )
    columns = ("task", "score", "n", "at the last step", "95% interval", "guessing", "best")
    note = (
        "Best: published single models trained on the task, before the paper (RACE: an ensemble); "
        "where it is not known, 1 is the top of the figure's scale."
    )
    return Section(
        "zero_shot",
        "Zero-shot",
        "What has the language model learnt of the tasks before it is trained on any?",
        "Each task is turned into a question to the language model. CoLA: is the mean "
        "log-probability of a sentence's tokens above a threshold (chosen on training sentences at "
        "each step, the only use of labels here)? SST-2: after the text and “very”, is “positive” "
        "or “negative” more probable? RACE and DREAM: which answer has the highest mean "
        "log-probability after document and question? Winograd: with which referent in the "
        "pronoun's place is the rest of the sentence more probable? A curve that rises with "
        "pre-training says that language modelling by itself learns something of the task.",
        drawings=(zero_shot_curves(analysis),),
        tables=(
            Table("Zero-shot scores", columns, tuple(rows), note),
            *_notes_tables(analysis),
        ),
        findings=zero_shot_findings(analysis),
    )


def _notes_tables(analysis: Mapping[str, Any]) -> tuple[Table, ...]:
    """Return the table of what was cut and left out, where anything was."""
    rows = tuple(
        (TASK_NAMES.get(str(name), str(name)), str(reason), count(number_of))
        for name, one in analysis["tasks"].items()
        for reason, number_of in one["notes"].items()
        if number_of
    )
    return (Table("Cut and left out", ("task", "what", "how many"), rows),) if rows else ()


def analysis_sections(tests: Mapping[str, Any]) -> list[Section]:
    """Return the sections of the analyses that a run has, in the order of reading.

    Args:
        tests: of the results.
    """
    made = {
        "fine_tuning": task_section,
        "ablations": ablations_section,
        "layers": layers_section,
        "zero_shot": zero_shot_section,
    }
    return [section(tests[name]) for name, section in made.items() if name in tests]
