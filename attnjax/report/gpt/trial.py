"""The part of a fine-tuning's report on its trial: the sections of every model, true of a GPT."""

from typing import Any, NamedTuple

from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.findings import Findings, beats, performance_findings
from attnjax.report.glance import at_a_glance
from attnjax.report.gpt.findings_trial import evened_findings, part_words
from attnjax.report.instances import Embedded, embed_instances
from attnjax.report.load import Run
from attnjax.report.numbers import as_estimate, number, with_interval
from attnjax.report.scope import instance_notes
from attnjax.report.sections import (
    AGREEMENTS,
    Section,
    agreement_section,
    limit_note,
    overview_drawing,
)
from attnjax.report.sections_change import adversary_section, permutation_section
from attnjax.report.style import Drawing
from attnjax.report.tables import Table, performance_table, spread_table

WEIGHT = (
    "The weight of a token is here where the classify token looks, from whose state the task's "
    "layer reads: a mean over {what}. Start, delimiter and classify tokens have a share of it too, "
    "so the weights of the tokens sum to less than 1; of pairs and choices the tokens of all "
    "sequences are taken together."
)

HELD = (
    "Held fixed are the weights on trial; those of all other layers and heads follow the "
    "embeddings."
)

SHUFFLED = (
    "Of this model {what} are shuffled, each row of each head by itself, among the tokens that it "
    "may look at: later tokens stay at 0, special tokens keep their weight, and a row with one "
    "token stays as it is. All other weights stay what the model gives."
)

SEARCHED = (
    "Of this model {what} are searched, each row of each head among the positions that it may look "
    "at; all other weights stay what the model gives. The JSD of an instance is the mean over all "
    "of these distributions, each counting as much as any other."
)

ALL_ROWS = (
    "Most rows of the last layer cannot reach the prediction, which is read at the classify token "
    "alone: the search moves them as far as it likes, and the mean JSD is large for that reason "
    "already."
)

EVENED = (
    "Here the model as it is gets equal weights in place of {what}: each row weighs all positions "
    "that it may look at alike. Nothing is trained again, unlike in the uniform baseline of "
    "Wiegreffe & Pinter (2019), whose model learns to do without. So a loss says that "
    "this model makes use of its weights, not that the task needs them."
)


class TrialPart(NamedTuple):
    """What a trial adds to the page.

    Attributes:
        sections: of the tests.
        overview: all agreements in one figure, or None.
        glance: numbers at the head.
        instances: what the page holds of them.
        instance_notes: what it leaves out.
        scope: what no number of the trial can speak about.
        glossary: words of the tests.
    """

    sections: tuple[Section, ...]
    overview: Drawing | None
    glance: tuple[tuple[str, str], ...]
    instances: Embedded
    instance_notes: tuple[str, ...]
    scope: tuple[str, ...]
    glossary: tuple[tuple[str, str], ...]


NO_TRIAL = TrialPart((), None, (), Embedded("", 0, 0, 0), (), (), ())
"""What a page says that asked for no test."""


def trial_part(run: Run) -> TrialPart:
    """Return what the page says of a trial.

    Args:
        run: the finished run, which asked for tests.
    """
    facts = Facts(run)
    instances = embed_instances(run, limit=int(facts.config("report", "instances", 5000)))
    words = ("attention", "strongest adversary", "AUPRC")
    return TrialPart(
        tuple(trial_sections(facts)),
        overview_drawing(facts),
        tuple(_glance(facts)),
        instances,
        tuple(instance_notes(run, instances)),
        _scope(run.results["part"]),
        (
            (
                "attention",
                "The weights by which a head of a layer averages the states of the positions that "
                "a position may look at: its own and those before it. They sum to 1.",
            ),
            *(one for one in explanations.GLOSSARY if one[0] not in words),
        ),
    )


def trial_sections(facts: Facts) -> list[Section]:
    """Return the sections of the tests that were run, in the order of reading.

    Args:
        facts: of the run.
    """
    what = part_words(facts.run.results["part"])
    row = part_words(facts.run.results["part"] | {"rows": "classify"})
    sections = [on_trial_section(facts, what)]
    for test in AGREEMENTS:
        if test not in facts.tests:
            continue
        section = agreement_section(facts, test)
        if test in ("gradient_agreement", "leave_one_out_agreement"):
            section = _reading(section, WEIGHT.format(what=row))
        if test == "gradient_agreement" and facts.config("gradient", "attention", "") == "detached":
            section = _reading(section, HELD)
        sections.append(section)
    if "permutation" in facts.tests:
        sections.append(_reading(permutation_section(facts), SHUFFLED.format(what=what)))
    if "search" in facts.tests.get("adversary", {}):
        added = SEARCHED.format(what=what)
        if facts.run.results["part"]["rows"] == "all":
            added = f"{added} {ALL_ROWS}"
        sections.append(_reading(adversary_section(facts), added))
    if "uniform" in facts.tests:
        sections.append(evened_section(facts, what))
    return sections


def _reading(section: Section, added: str) -> Section:
    return section._replace(reading=f"{section.reading} {added}")


def on_trial_section(facts: Facts, what: str) -> Section:
    """Return the section on which model and which of its weights are on trial.

    Args:
        facts: of the run.
        what: of its weights.
    """
    performance = facts.run.results["performance"]
    findings = performance_findings(
        performance.get("test", {}).get("accuracy"),
        facts.num_test,
        facts.level,
        facts.sure,
        uniform_run=False,
    )
    seed = facts.run.results["part"]["seed"]
    search = facts.tests.get("adversary", {}).get("search", {}).get("settings", {})
    return Section(
        "on_trial",
        "The model on trial",
        "Which model is asked, and which of its weights?",
        "May a GPT's attention be read as an explanation? A GPT has a distribution for every "
        "layer, head and position. Which of them are put on trial is a setting (config.part): here "
        f"{what}. The tests are those of Jain & Wallace (2019), Attention is not Explanation, by "
        "the same functions as for every other model. They ask whether weights are faithful, not "
        f"whether people find them plausible. The model is the one trained with seed {seed}; the "
        "table below says how well it does by itself.",
        tables=(
            performance_table(performance, facts.run.class_names, None),
            explanations.protocol_table(facts.run.results["protocol"], search),
        ),
        findings=findings,
    )


def evened_section(facts: Facts, what: str) -> Section:
    """Return the section on equal weights.

    Args:
        facts: of the run.
        what: of its weights.
    """
    test = facts.tests["uniform"]
    scores = tuple(
        (name, *(number(test[key].get(score), 3) for score in ("accuracy", "f1", "auc")))
        for name, key in (("its own weights", "base"), ("equal weights", "uniform"))
    )
    table = Table("Scores on test", ("", "accuracy", "F1", "AUC"), scores)
    changes = spread_table(
        "What equal weights change in each instance",
        {
            "output change (TVD)": test["output_change"],
            "JSD of the model's own weights from equal ones (nats)": test["jsd"],
        },
        3,
    )
    mean = as_estimate(test["output_change"])
    findings = Findings()
    if mean.value is not None:
        difference = test["difference"] | {
            f"{name}_ci95": test["difference_ci95"][name] for name in ("f1", "auc")
        }
        accuracy = test["base"].get("accuracy")
        findings = evened_findings(
            mean, difference, learnt=beats(accuracy, facts.num_test, facts.level)
        )
    return Section(
        "uniform",
        "Equal weights",
        "Does this model make use of its weights?",
        EVENED.format(what=what),
        tables=(table, changes),
        findings=findings,
        notes=limit_note(test),
    )


def _glance(facts: Facts) -> list[tuple[str, str]]:
    found = [one for one in at_a_glance_of_tests(facts) if one[0] != "Test accuracy"]
    if "uniform" in facts.tests:
        change = as_estimate(facts.tests["uniform"]["output_change"])
        found.append(("Mean output change under equal weights", with_interval(change)))
    return found


def at_a_glance_of_tests(facts: Facts) -> list[tuple[str, str]]:
    """Return the numbers of the tests that a GPT shares with every other model.

    Args:
        facts: of the run.
    """
    shared: dict[str, Any] = {
        name: one
        for name, one in facts.tests.items()
        if name in (*AGREEMENTS, "permutation", "adversary")
    }
    of_them = facts.run._replace(results=facts.run.results | {"tests": shared})
    return at_a_glance(Facts(of_them))


def _scope(part: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"The trial is of the model of seed {part['seed']} alone. Its intervals are over texts, "
        "not over trainings: another seed can give another attention.",
        f"It is of {part_words(part)}: of other layers, heads and rows nothing is said, and the "
        "prediction can take any way around those that are.",
        "Faithfulness only: whether the weights tell what decided the output. Whether people find "
        "them plausible was not asked, and plausible is not faithful.",
        "A strongest adversary can be computed only where logits are affine in the weights. Those "
        "of a GPT are not, so what the search finds is a lower bound.",
    )
