"""The report of a run as one HTML page that needs nothing else, and its figures as files."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from attnjax.report import explanations, explanations_models
from attnjax.report.facts import Facts
from attnjax.report.glance import at_a_glance
from attnjax.report.instances import Embedded, embed_instances, underlined
from attnjax.report.load import Run, read_run
from attnjax.report.numbers import count, percent, plural
from attnjax.report.rendering import rendered
from attnjax.report.scope import instance_notes, intervals_note, scope_notes
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
from attnjax.report.sections_models import (
    guides_section,
    models_section,
    trained_models,
    uniform_section,
)
from attnjax.report.sections_plausibility import plausibility_section
from attnjax.report.sections_seeds import seeds_section
from attnjax.report.sections_several import enclosed, several_section
from attnjax.report.sections_trained import mass_section, trained_section
from attnjax.report.style import Drawing, house_style
from attnjax.report.tables import two_columns
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
    sections += counter_sections(facts)
    if "plausibility" in facts.tests:
        sections.append(plausibility_section(facts))  # last: no test of faithfulness
    return sections


def counter_sections(facts: Facts) -> list[Section]:
    """Return the part on the tests that train other models; its diagram comes first."""
    done = trained_models(facts)
    if not done:
        return []
    return [models_section(facts), *(_COUNTER_SECTIONS[name](facts) for name in done)]


_COUNTER_SECTIONS = {
    "uniform": uniform_section,
    "seeds": seeds_section,
    "guides": guides_section,
    "trained_adversary": trained_section,
    "mass_adversary": mass_section,
}


def render(
    facts: Facts,
    sections: Sequence[Section],
    overview: Drawing | None,
    instances: Embedded,
    *,
    title: str,
) -> str:
    """Return the page."""
    run = facts.run
    search = facts.tests.get("adversary", {}).get("search", {}).get("settings", {})
    return rendered(
        "report.html",
        title=title,
        introduction=explanations.INTRODUCTION,
        provenance=provenance(run),
        glance=at_a_glance(facts),
        overview=overview,
        sections=sections,
        protocol=explanations.protocol_table(run.results.get("protocol", {}), search),
        scope=scope_notes(run),
        glossary=(
            *explanations.GLOSSARY,
            *(explanations_models.GLOSSARY if trained_models(facts) else ()),
        ),
        intervals=intervals_note(run),
        configuration=two_columns("Resolved config", "field", flatten(run.config)),
        packages=two_columns("Package versions", "package", run.packages),
        instances=instances,
        question="question" in run.columns,
        underlined=underlined(run),
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
            f"{encoder} with {model.get('attention')} attention"
            f"{', given a question' if 'question' in run.columns else ''}, "
            f"{plural(int(model.get('parameters') or 0), 'parameter')}",
        ),
        ("Data", f"{dataset.get('name')} ({sizes})"),
        ("Dropped", dropped or "nothing"),
        *(("About the data", note) for note in dataset.get("notes", ())),
        ("Classes", ", ".join(run.class_names)),
        ("Protocol", str(run.results.get("protocol", {}).get("setting", "not recorded"))),
        ("Seed", str(run.config.get("seed", "not recorded"))),
        ("Device", run.device),
        ("Command", run.command),
        *(("Continued by", command) for command in run.later),
    ]
    if vectors := dataset.get("vectors"):
        where = "found in the file"
        if epochs := vectors.get("trained_epochs"):
            where = f"trained on the training texts (skip-gram, {epochs} epochs)"
        found = f"{count(vectors['found'])} words ({percent(vectors['share'])}) {where}"
        items.insert(2, ("Word vectors", found))
    if dataset.get("truncated"):
        longest = run.config.get("data", {}).get("max_length")
        what = "instance" if "question" in run.columns else "text"
        cut = f"{plural(dataset['truncated'], what)} to {longest} tokens (with start and end)"
        items.insert(2, ("Truncated", cut))
    return items
