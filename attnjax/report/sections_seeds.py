"""The section on training the same model with other seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from attnjax.report import explanations_models as explanations
from attnjax.report.facts import Facts
from attnjax.report.figures_seeds import Series, seeds_violins
from attnjax.report.findings import Findings
from attnjax.report.findings_change import HALF_JSD
from attnjax.report.findings_exact import CLOSE
from attnjax.report.findings_seeds import (
    ADVERSARIES,
    SeedFacts,
    bin_words,
    quantile_row_words,
    seed_row_words,
    seeds_findings,
    spread_words,
)
from attnjax.report.load import Ragged
from attnjax.report.numbers import as_estimate, defined, fine, number, percent, plural
from attnjax.report.sections import Section, limit_note
from attnjax.report.style import Drawing
from attnjax.report.sweeps import picked, read_sweep
from attnjax.report.tables import Table, bins_table, spread_table


def seeds_section(facts: Facts) -> Section:
    """Return the section on other seeds, the yardstick of every adversary."""
    test = facts.tests["seeds"]
    lists = facts.run.ragged("seeds.jsd")
    known = defined(lists.values)
    quantiles = seed_quantiles(facts)
    jsd, change = as_estimate(test["jsd"]), as_estimate(test["output_change"])
    tables = [_spread(test, jsd, change)]
    if any(share is not None for share in quantiles.values()):
        tables.append(_quantile_table(quantiles))
    if bins := test.get("by_max_attention"):
        table = bins_table("JSD (nats) by the base's largest weight", bins)
        tables.append(table._replace(meanings=tuple(bin_words(one) for one in bins)))
    tables.append(_seed_table(test["per_seed"]))
    findings = Findings()
    drawings: tuple[Drawing, ...] = ()
    if len(known):
        drawings = (seeds_violins(_series(facts, lists)),)
        findings = seeds_findings(
            jsd,
            change,
            SeedFacts(
                seeds=int(test["count"]),
                close=float(np.mean(known < CLOSE)),
                large=float(np.mean(known >= HALF_JSD)),
                median=float(np.median(known)),
                epsilon=facts.tests.get("adversary", {}).get("epsilon"),
            ),
            quantiles,
        )
    return Section(
        "seeds",
        "Other seeds",
        "How far does chance in training move the attention?",
        explanations.SEEDS.format(
            count=plural(int(test["count"]), "time"), besides=_besides(facts)
        ),
        drawings,
        tuple(tables),
        findings,
        limit_note(test),
    )


def _besides(facts: Facts) -> str:
    """Say what else is not as it was with the base, if anything."""
    parts = []
    if facts.config("model", "weights", ""):
        parts.append("the base began with imported weights")
    if facts.config("training", "patience", 0):
        parts.append("the base may have stopped early, while these run to the last epoch")
    return f" (but {' and '.join(parts)})" if parts else ""


def _spread(test: Mapping[str, Any], jsd: Any, change: Any) -> Table:
    f1, auc = (test.get(name) or {} for name in ("f1", "auc"))
    note = (
        f"F1 of the seeds: mean {number(f1.get('mean'), 3)}, standard deviation "
        f"{number(f1.get('std'), 3)}; AUC: {number(auc.get('mean'), 3)}, "
        f"{number(auc.get('std'), 3)}. A large deviation means that the score of one "
        "model is no measure of the method. 95% intervals of the means are over texts and seeds."
    )
    rows = {"JSD from the base (nats)": test["jsd"], "output change from the base (TVD)":
            test["output_change"]}  # fmt: skip
    table = spread_table("Other seeds beside the base", rows, 3, note)
    if all(one.get("n") is None for one in rows.values()):
        table = _without(table, "n")
    return table._replace(meanings=spread_words(jsd, change))


def _without(table: Table, column: str) -> Table:
    """Return a table without a column that has no numbers."""
    place = table.columns.index(column)
    columns, *rows = ((*row[:place], *row[place + 1 :]) for row in (table.columns, *table.rows))
    return table._replace(columns=columns, rows=tuple(rows))


def seed_quantiles(facts: Facts) -> dict[str, float | None]:
    """Return for each adversary of the run how many seeds it is farther away than.

    The mean over texts of the share of the text's seeds whose JSD is smaller.
    """
    given = facts.tests["seeds"].get("adversary_quantile") or {}
    return {name: given.get(name) for name in ADVERSARIES}


def _trained_jsd(facts: Facts) -> np.ndarray | None:
    """Return the JSD of the chosen trained adversary from this run's base."""
    if "trained_adversary" not in facts.tests or facts.config("trained_adversary", "base", ""):
        return None
    chosen = read_sweep(facts).chosen
    lists = facts.run.ragged("trained_adversary.jsd")
    return None if chosen is None or not len(lists.values) else picked(lists, chosen)


def _series(facts: Facts, seeds: Ragged) -> list[Series]:
    """Return the divergences of the figure: seeds, and the adversaries of the run."""
    top = facts.max_attention
    series = [Series("other seeds", seeds.values, np.repeat(top, seeds.lengths), 2)]
    adversaries = (
        ("trained adversary", _trained_jsd(facts), 0),
        ("search", facts.run.numbers("adversary.jsd"), 1),
        ("strongest adversary", facts.run.numbers("exact_adversary.jsd"), 4),
    )
    return series + [
        Series(name, jsd, top, style) for name, jsd, style in adversaries if jsd is not None
    ]


def _quantile_table(quantiles: Mapping[str, float | None]) -> Table:
    shares = {name: share for name, share in quantiles.items() if share is not None}
    return Table(
        "Adversaries among the seeds",
        ("", "farther away than this share of the seeds"),
        tuple((ADVERSARIES[name], percent(share)) for name, share in shares.items()),
        "Mean over the texts of the share of the text's seeds whose JSD from the base is smaller.",
        tuple(quantile_row_words(share) for share in shares.values()),
    )


def _seed_table(per_seed: list[Mapping[str, Any]]) -> Table:
    jsds = [as_estimate(one.get("jsd")).value for one in per_seed]
    rows = (
        (
            f"seed {one['seed']}",
            number(one.get("f1"), 3),
            number(one.get("auc"), 3),
            fine(jsds[index], 3),
            fine(as_estimate(one.get("output_change")).value, 3),
        )
        for index, one in enumerate(per_seed)
    )
    return Table(
        "Seed by seed",
        ("", "F1", "AUC", "mean JSD", "mean TVD"),
        tuple(rows),
        "JSD and TVD are means over the texts, from the base: high means another attention, or "
        "another prediction, by chance in training alone.",
        tuple(seed_row_words(jsds, index) for index in range(len(jsds))),
    )
