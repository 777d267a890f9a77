"""The report of a run as one HTML page that needs nothing else, and its figures as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.glance import at_a_glance
from attnjax.report.instances import Embedded, embed_instances
from attnjax.report.load import Run, read_run
from attnjax.report.numbers import count, percent, plural
from attnjax.report.sections import (
    AGREEMENTS,
    Section,
    agreement_section,
    overview_drawing,
    performance_section,
)
from attnjax.report.sections_capped import capped_section, constraints
from attnjax.report.sections_change import (
    adversary_section,
    evidence_section,
    permutation_section,
)
from attnjax.report.sections_exact import exact_section, solved
from attnjax.report.sections_several import enclosed, several_section
from attnjax.report.style import Drawing, house_style
from attnjax.report.tables import Table
from attnjax.workspace import flatten, write_atomically

ENCODERS = {"lstm": "BiLSTM", "cnn": "ConvNet", "average": "Average"}


def write_report(directory: Path, *, instances_limit: int, title: str) -> None:
    """Write `figures/*.svg` and `report.html` of a finished run into its work folder.

    The same results give the same bytes.

    Args:
        directory: with `results.json`, `config.json` and `instances.parquet`.
        instances_limit: instances in the browsable table at most; 0: no table.
        title: of the page.

    Raises:
        WorkFolderError: if a file cannot be read or written.
    """
    run = read_run(directory)
    with house_style():
        facts = Facts(run)
        overview = overview_drawing(facts)
        sections = report_sections(facts)
    instances = embed_instances(run, limit=instances_limit)
    drawings = [drawing for section in sections for drawing in section.drawings]
    for drawing in [*([overview] if overview else []), *drawings]:
        write_atomically(directory / "figures" / f"{drawing.name}.svg", drawing.file)
    page = render(facts, sections, overview, instances, title=title)
    write_atomically(directory / "report.html", page.encode())


def report_sections(facts: Facts) -> list[Section]:
    """Return the sections of the tests that were run, in the order of reading."""
    sections = [performance_section(facts)]
    sections += [agreement_section(facts, test) for test in AGREEMENTS if test in facts.tests]
    if {"planted_evidence", "planted_controls"} & set(facts.tests):
        sections.append(evidence_section(facts))
    if "permutation" in facts.tests:
        sections.append(permutation_section(facts))
    if "search" in facts.tests.get("adversary", {}):
        sections.append(adversary_section(facts))
    if solved(facts):
        sections.append(exact_section(facts))
    if enclosed(facts):
        sections.append(several_section(facts))
    if constraints(facts):
        sections.append(capped_section(facts))
    return sections


def render(
    facts: Facts,
    sections: Sequence[Section],
    overview: Drawing | None,
    instances: Embedded,
    *,
    title: str,
) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("attnjax.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = environment.loader
    assert source is not None
    # Both are ours, and CSS and JavaScript must not be escaped.
    style, script = (
        Markup(source.get_source(environment, name)[0]) for name in ("report.css", "report.js")
    )
    run = facts.run
    search = facts.tests.get("adversary", {}).get("search", {}).get("settings", {})
    return environment.get_template("report.html").render(
        title=title,
        style=style,
        script=script,
        introduction=explanations.INTRODUCTION,
        provenance=provenance(run),
        glance=at_a_glance(facts),
        overview=overview,
        sections=sections,
        svg=Markup,
        protocol=explanations.protocol_table(
            run.results.get("protocol", {}), search, str(run.results["dataset"].get("name"))
        ),
        scope=scope_notes(run),
        glossary=explanations.GLOSSARY,
        configuration=_two_columns("Resolved config", "field", flatten(run.config)),
        packages=_two_columns("Package versions", "package", run.packages),
        instances=instances,
        evidence="evidence" in run.columns,
        instance_notes=instance_notes(run, instances),
        data=Markup(instances.json),
    )


def provenance(run: Run) -> list[tuple[str, str]]:
    """Return what the numbers are of: model, data, protocol, seed, device, command."""
    dataset, model = run.results["dataset"], run.results.get("model", {})
    splits = dataset.get("splits", {})
    sizes = ", ".join(f"{name} {count(size)}" for name, size in splits.items())
    dropped = "; ".join(
        f"{reason}: {count(size)}" for reason, size in dataset.get("dropped", {}).items() if size
    )
    encoder = ENCODERS.get(str(model.get("encoder")), str(model.get("encoder")))
    items = [
        (
            "Model",
            f"{encoder} with {model.get('attention')} attention, "
            f"{plural(int(model.get('parameters') or 0), 'parameter')}",
        ),
        ("Data", f"{dataset.get('name')} ({sizes})"),
        ("Dropped", dropped or "nothing"),
        ("Classes", ", ".join(run.class_names)),
        ("Protocol", str(run.results.get("protocol", {}).get("setting", "not recorded"))),
        ("Seed", str(run.config.get("seed", "not recorded"))),
        ("Device", run.device),
        ("Command", run.command),
        *(("Continued by", command) for command in run.later),
    ]
    if vectors := dataset.get("vectors"):
        found = f"{count(vectors['found'])} words ({percent(vectors['share'])}) found in the file"
        items.insert(2, ("Word vectors", found))
    if dataset.get("truncated"):
        longest = run.config.get("data", {}).get("max_length")
        cut = f"{plural(dataset['truncated'], 'text')} to {longest} tokens (with start and end)"
        items.insert(2, ("Truncated", cut))
    return items


def scope_notes(run: Run) -> list[str]:
    """Return what no number of this run can speak about."""
    notes = [
        f"One model, trained once with seed {run.config.get('seed', 'unknown')}. The intervals are "
        "over texts, not over training runs: another seed can give another attention.",
        "Faithfulness only: whether the weights tell what decided the output. Whether people find "
        "them plausible was not asked, and plausible is not faithful.",
        "One dataset: that attention passes or fails a test here says little about other tasks "
        "and other encoders.",
    ]
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
    return notes


def instance_notes(run: Run, instances: Embedded) -> list[str]:
    """Return what the table of instances leaves out."""
    notes = []
    if instances.shown < run.size:
        notes.append(
            f"{count(instances.shown)} of {plural(run.size, 'instance')}, evenly spaced over the "
            "test split (config.report.instances); figures and numbers above are over all of them."
        )
    if instances.num_abridged:
        notes.append(
            f"To keep the page small, the texts of {plural(instances.num_abridged, 'instance')} "
            f"are abridged to their first {instances.cut} tokens; figures and numbers are of the "
            "whole texts."
        )
    return notes


def _two_columns(caption: str, name: str, values: dict[str, Any]) -> Table:
    return Table(
        caption,
        (name, "value"),
        tuple(
            (key, value if isinstance(value, str) else repr(value)) for key, value in values.items()
        ),
    )
