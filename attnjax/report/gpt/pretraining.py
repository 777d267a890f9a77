"""The report of a pre-training as one HTML page that needs nothing else."""

from pathlib import Path
from typing import Any, NamedTuple

from attnjax.report.gpt.sections import corpus_section, curve_section, documents_section
from attnjax.report.gpt.words import GLOSSARY, INTRODUCTION
from attnjax.report.numbers import count, number, percent, plural
from attnjax.report.rendering import rendered
from attnjax.report.style import house_style
from attnjax.report.tables import two_columns
from attnjax.workspace import check_schema, flatten, read_json, write_atomically


class Sample(NamedTuple):
    """A text that the model wrote; `prompt` is what it was given."""

    name: str
    prompt: str
    text: str


def write_pretraining_report(directory: Path, *, title: str) -> None:
    """Write `figures/*.svg` and `report.html` of a finished pre-training into its work folder.

    The same results give the same bytes.

    Args:
        directory: with `results.json` and `config.json`.
        title: of the page; empty for one that says what it is.

    Raises:
        WorkFolderError: if a file cannot be read or written.
    """
    results, record = (read_json(directory / name) for name in ("results.json", "config.json"))
    check_schema(results, directory / "results.json")
    with house_style():
        sections = [curve_section(results), documents_section(results), corpus_section(results)]
    for drawing in [one for section in sections for one in section.drawings]:
        write_atomically(directory / "figures" / f"{drawing.name}.svg", drawing.file)
    page = rendered(
        "language_model.html",
        title=title or "GPT: how well does it predict text?",
        introduction=INTRODUCTION,
        provenance=provenance(results, record),
        glance=at_a_glance(results),
        sections=sections,
        samples=samples_of(results),
        configuration=two_columns("Resolved config", "field", flatten(record["config"])),
        packages=two_columns("Package versions", "package", record.get("packages", {})),
        glossary=GLOSSARY,
    )
    write_atomically(directory / "report.html", page.encode())


def outcome(results: dict[str, Any]) -> str:
    """Return how a pre-training ended, in one line.

    Args:
        results: content of `results.json`.

    Example:
        >>> trigram = {"trigram": {"perplexity": 14.1}}
        >>> outcome({"language_model": {"perplexity": 9.0, "yardsticks": trigram}})
        'held-out perplexity 9.00 (trigram 14.10)'
    """
    found = results["language_model"]
    trigram = found["yardsticks"]["trigram"]
    bits = found.get("bits_per_character")
    more = f", bits per character {bits:.3f} ({trigram['bits_per_character']:.3f})" if bits else ""
    return (
        f"held-out perplexity {number(found.get('perplexity'))} "
        f"(trigram {number(trigram['perplexity'])}){more}"
    )


def at_a_glance(results: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the main numbers of a pre-training.

    Args:
        results: content of `results.json`.
    """
    found = results["language_model"]
    yardsticks = found["yardsticks"]
    items = [
        (f"Held-out {what}, {who}", number(scores.get(name), digits))
        for name, what, digits in (
            ("perplexity", "perplexity", 2),
            ("bits_per_character", "bits per character", 3),
        )
        for who, scores in (
            ("model", found),
            ("trigram", yardsticks["trigram"]),
            ("unigram", yardsticks["unigram"]),
        )
    ]
    items.append(("Tokens trained on", f"{found['tokens_seen']:,}"))
    items.append(("Passes over the training text", number(found["epochs_seen"], 1)))
    if speed := found["speed"].get("tokens_per_second"):
        items.append(("Tokens a second, median", count(round(speed))))
    if (mfu := found["speed"].get("mfu")) is not None:
        items.append(("Share of the devices' peak (MFU), median", percent(mfu)))
    return items


def provenance(results: dict[str, Any], record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the numbers are of: model, pieces, corpus, seed, device, command.

    Args:
        results: content of `results.json`.
        record: content of `config.json`.
    """
    model, pieces = results["model"], results["tokenizer"]
    corpus = results["corpus"]
    sizes = ", ".join(
        f"{name} {plural(len(corpus[part]['documents']), 'document')}, "
        f"{plural(corpus[part]['tokens'], 'token')}"
        for part, name in (("train", "training"), ("held_out", "held out"))
    )
    made = "of the release" if pieces["pieces"] == "release" else "made of the training documents"
    return [
        (
            "Model",
            f"{made_of(model)}, "
            f"{model['width']} wide, context {model['context']}, "
            f"{model['parameters']:,} parameters",
        ),
        ("Pieces", f"{pieces['num_pieces']:,} {made}, pipeline {pieces['pipeline']}"),
        ("Corpus", sizes),
        ("Seed", str(record.get("seed", "not recorded"))),
        ("Device", str(record.get("device", "not recorded"))),
        ("Command", str(record.get("command", "not recorded"))),
        *(("Continued by", str(one.get("command"))) for one in record.get("history", ())),
    ]


def made_of(model: dict[str, Any]) -> str:
    """Return what stands between embeddings and output.

    Args:
        model: of the results.

    Example:
        >>> made_of({"mode": "exact", "lstm_units": 2048})
        'one LSTM of 2,048 units in exact mode'
    """
    if model.get("lstm_units"):
        return f"one LSTM of {model['lstm_units']:,} units in {model['mode']} mode"
    return (
        f"GPT in {model['mode']} mode, {plural(model['layers'], 'layer')} of "
        f"{plural(model['heads'], 'head')}"
    )


def samples_of(results: dict[str, Any]) -> list[Sample]:
    """Return texts of the finished model, and before them one from early in the training.

    Args:
        results: content of `results.json`.
    """
    found = results["language_model"]
    curve = [one for one in found["curve"]["held_out"] if one.get("sample")]
    samples = []
    for one in [curve[0], curve[len(curve) // 2]] if len(curve) > 2 else curve[:1]:
        prompt, _, text = one["sample"].partition(" |")
        samples.append(Sample(f"After {one['step']:,} steps", prompt, text))
    for one in found.get("samples", ()):
        name = f"The finished model, at the beginning of {one['document']}"
        samples.append(Sample(name, one["prompt"], one["text"]))
    return samples
