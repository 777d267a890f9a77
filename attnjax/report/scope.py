"""What no number of a run can speak about, and what the page leaves out."""

import numpy as np

from attnjax.report.diagram import COUNTER_TESTS
from attnjax.report.instances import Embedded
from attnjax.report.load import Run
from attnjax.report.numbers import count, plural
from attnjax.report.sections import AGREEMENTS

_SEEDED = ("uniform", "seeds", "guides")
"""Tests that train models with several seeds."""


def scope_notes(run: Run) -> list[str]:
    """Return what no number of this run can speak about."""
    notes = [
        _once(run),
        _plausible(run),
        "One dataset: that attention passes or fails a test here says little about other tasks "
        "and other encoders.",
    ]
    if "question" in run.columns:
        notes.append(
            "The passage only: the question is read but not attended to, and no test changes it, "
            "so nothing is said about its words."
        )
    if decided := int(np.sum(run.ragged("candidates").lengths == 1)):
        notes.append(
            f"{plural(decided, 'question has', 'questions have')} one possible answer (of "
            f"{count(run.size)}): the output is certain whatever is attended to, so that every "
            "permutation and adversary leaves it where it is, and no importance is above 0. They "
            "stand among the instances of every test."
        )
    adversary = run.tests.get("adversary", {})
    exact, capped = adversary.get("exact", {}), adversary.get("capped", {})
    if exact.get("status") == "skipped":
        notes.append(f"The strongest adversary was not computed: {exact['reason']}.")
    if "reason" in capped:
        notes.append(f"Adversaries under constraints were not computed: {capped['reason']}.")
    done = {*run.tests} - {"adversary"}
    done |= {"adversary"} if "search" in adversary else set()
    done |= {"exact adversary"} if exact else set()
    done |= {"capped adversary"} if capped else set()
    names = (*AGREEMENTS, "permutation", "adversary", "exact adversary", "capped adversary")
    if missing := [name.replace("_", " ") for name in names if name not in done]:
        notes.append(f"Not run: {', '.join(missing)}.")
    if missing := [name.replace("_", " ") for name in COUNTER_TESTS if not run.tests.get(name)]:
        notes.append(f"Not run of the tests that train other models: {', '.join(missing)}.")
    return notes


def _plausible(run: Run) -> str:
    """Say what was asked of people."""
    if "plausibility" in run.tests:
        return (
            "Faithfulness, in all sections but one: whether the weights tell what decided the "
            "output. The section on plausibility says whether people agree with them: no level "
            "there makes an explanation faithful, or unfaithful."
        )
    return (
        "Faithfulness only: whether the weights tell what decided the output. Whether people find "
        "them plausible was not asked, and plausible is not faithful."
    )


def _once(run: Run) -> str:
    """Say what was trained once, and what its intervals leave out."""
    seed = run.config.get("seed", "unknown")
    if not any(run.tests.get(name) for name in _SEEDED):
        return (
            f"One model, trained once with seed {seed}. The intervals are over texts, not over "
            "training runs: another seed can give another attention."
        )
    return (
        f"The base was trained once with seed {seed}. Intervals of what is said of it alone are "
        "over texts, not over training runs; they are over seeds too only where a table says so."
    )


def intervals_note(run: Run) -> str:
    """Say over what the intervals at the top of the page are."""
    seeded = any(run.tests.get(name) for name in ("uniform", "guides"))
    return ", and over seeds where kinds of training are compared" if seeded else ""


def instance_notes(run: Run, instances: Embedded) -> list[str]:
    """Return what the table of instances leaves out."""
    notes = []
    if instances.shown < run.size:
        notes.append(
            f"{count(instances.shown)} of {plural(run.size, 'instance')}, evenly spaced over the "
            "test split (config.report.instances); figures and numbers above are over all of them."
        )
    if instances.question_cut:
        notes.append(
            f"To keep the page small, questions are shown up to their first "
            f"{plural(instances.question_cut, 'word')}."
        )
    if instances.num_abridged:
        notes.append(
            f"To keep the page small, the texts of {plural(instances.num_abridged, 'instance')} "
            f"are abridged to their first {instances.cut} tokens; figures and numbers are of the "
            "whole texts."
        )
    return notes
