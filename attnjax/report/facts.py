"""What several sections ask of a run, computed once."""

from functools import cached_property
from typing import Any

import numpy as np

from attnjax.report.figures import Group, groups
from attnjax.report.findings import PEAKED, SURE, Level, level_of
from attnjax.report.load import Run
from attnjax.report.numbers import Estimate, paired_difference


class Facts:
    """What several sections ask of a run, computed once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.tests = run.tests
        of_gpt = run.results.get("kind") == "fine_tuning"
        self.encoder = "gpt" if of_gpt else str(run.results.get("model", {}).get("encoder", ""))
        self.attention = str(run.results.get("model", {}).get("attention", ""))
        self.intervals = {
            "samples": int(run.config.get("bootstrap", {}).get("samples", 1000)),
            "seed": int(run.config.get("seed", 0)),
        }

    @cached_property
    def predicted(self) -> np.ndarray:
        return np.asarray(self.run.columns["predicted"])

    @cached_property
    def label(self) -> np.ndarray:
        return np.asarray(self.run.columns["label"])

    @cached_property
    def parts(self) -> list[Group]:
        return groups(self.predicted, self.run.class_names)

    @cached_property
    def probability(self) -> np.ndarray:
        """Of the predicted class."""
        return probability_of(self.run, "probability", self.predicted)

    @cached_property
    def level(self) -> Level:
        """What a model must beat to have learnt something."""
        labels = self.label[self.label >= 0]
        majority = float(np.bincount(labels).max() / len(labels)) if len(labels) else 0.0
        asked = "candidates" in self.run.columns
        return level_of(majority, self.run.ragged("candidates").lengths if asked else None)

    @property
    def num_test(self) -> int:
        """Instances of the test split."""
        return int(self.run.results["dataset"].get("splits", {}).get("test", 0))

    @property
    def sure(self) -> float:
        """The share of saturated predictions."""
        return float(np.mean(self.probability >= SURE)) if len(self.probability) else 0.0

    @cached_property
    def max_attention(self) -> np.ndarray:
        found = self.run.numbers("max_attention")
        return np.full(self.run.size, np.nan) if found is None else found

    @cached_property
    def single(self) -> np.ndarray:
        """Which texts have one token: no order, nothing to shuffle, no other attention."""
        return self.run.lengths <= 1

    @property
    def single_share(self) -> float:
        """The share of the texts of one token."""
        return float(np.mean(self.single)) if self.run.size else 0.0

    @cached_property
    def peaked(self) -> np.ndarray:
        """Which texts of several tokens have a peaked attention."""
        return (self.max_attention >= PEAKED) & ~self.single

    @cached_property
    def median_length(self) -> int:
        return round(float(np.median(self.run.lengths))) if self.run.size else 0

    def config(self, section: str, name: str, default: Any) -> Any:
        """Return one field of the run's config."""
        return self.run.config.get(section, {}).get(name, default)

    @property
    def guide_source(self) -> dict[str, Any]:
        """What is known of the trained adversary whose attention was a guide; empty if none was."""
        return (self.tests.get("guides") or {}).get("source", {}).get("adversary") or {}

    @property
    def base_scores(self) -> dict[str, Any]:
        """The scores of the run's own model on the test split."""
        return self.run.results.get("performance", {}).get("test", {})

    @property
    def variant(self) -> str:
        """Which variant of the planted corpus the run is on; "" on other data."""
        planted = self.config("data", "name", "") == "planted"
        return str(self.config("data", "planted", "")) if planted else ""

    def tau(self, test: str) -> np.ndarray | None:
        """Return the taus of a test, or None where it was not run."""
        return self.run.numbers(f"{test}.tau") if test in self.tests else None

    def gap(self, first: str, second: str) -> Estimate | None:
        """Return the mean difference of two columns over the instances that have both."""
        columns = (self.run.numbers(first), self.run.numbers(second))
        return paired_difference(*columns, **self.intervals)


def probability_of(run: Run, column: str, classes: np.ndarray) -> np.ndarray:
    """Return the probability of one class per instance; NaN where there is none."""
    ragged = run.ragged(column)
    found = np.full(run.size, np.nan)
    rows = np.flatnonzero(ragged.present & (classes < ragged.lengths))
    found[rows] = ragged.values[ragged.offsets[:-1][rows] + classes[rows]]
    return found
