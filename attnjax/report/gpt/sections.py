"""The sections of a pre-training's report: its course, the documents, the corpus."""

from typing import Any

from attnjax.report.findings import Findings
from attnjax.report.gpt.figures import curve_drawing
from attnjax.report.gpt.words import CORPUS, CURVE, DOCUMENTS
from attnjax.report.numbers import number, percent
from attnjax.report.sections import Section
from attnjax.report.tables import Table


def curve_section(results: dict[str, Any]) -> Section:
    """Return the section on the course of the training.

    Args:
        results: content of `results.json`.
    """
    found = results["language_model"]
    yardsticks = found["yardsticks"]
    notes = ()
    if limit := found["evaluation_limit"]:
        notes = (
            f"On the way the model was judged by the first {limit:,} tokens of each held-out "
            "document, to save time; all other numbers are of whole documents.",
        )
    if yardsticks["tokens"] < yardsticks["tokens_seen_by_model"]:
        notes += (
            f"The n-grams were counted on {yardsticks['tokens']:,} tokens, once each: "
            + (
                "a limit of the config (yardsticks.limit)."
                if yardsticks["tokens"] == yardsticks["limit"]
                else "all there are. The model saw some of them several times."
            ),
        )
    return Section(
        "curve",
        "The course of training",
        "Does the model learn more than which pieces are frequent, and which follow each other?",
        CURVE,
        drawings=(curve_drawing(found),),
        findings=curve_findings(found),
        notes=notes,
    )


def curve_findings(found: dict[str, Any]) -> Findings:
    """Return what follows from the model's perplexity beside those of n-grams.

    Args:
        found: `language_model` of `results.json`.

    Example:
        >>> scores = {"trigram": {"perplexity": 14.0}, "unigram": {"perplexity": 100.0}}
        >>> curve_findings({"perplexity": 7.0, "yardsticks": scores}).follows[0]
        'The perplexity is 50% below that of a trigram: the model uses more than the last two ...'
    """
    model = found.get("perplexity")
    if model is None:
        return Findings(("The perplexity is too large for a number: nothing was learnt.",))
    trigram, unigram = (found["yardsticks"][name]["perplexity"] for name in ("trigram", "unigram"))
    if model < trigram:
        first = (
            f"The perplexity is {percent(1 - model / trigram)} below that of a trigram: the model "
            "uses more than the last two pieces."
        )
    else:
        first = (
            f"The perplexity is not below that of a trigram ({number(model)} and "
            f"{number(trigram)}): nothing shows that the model uses more than the last two pieces."
        )
    second = (
        f"It is {percent(1 - model / unigram)} below that of a unigram."
        if model < unigram
        else "It is not below that of a unigram: the model has not learnt even which pieces are "
        "frequent."
    )
    doubts = (
        "That the text it writes is true, or that it would do a task: a task is learnt by "
        "fine-tuning.",
        "How it compares with models of other pieces by perplexity; by bits per character it may "
        "be compared on the same documents.",
    )
    return Findings((first, second), doubts)


def documents_section(results: dict[str, Any]) -> Section:
    """Return the section on each held-out document.

    Args:
        results: content of `results.json`.
    """
    found = results["language_model"]
    characters = {
        one["name"]: one["characters"] for one in results["corpus"]["held_out"]["documents"]
    }
    yardsticks = found["yardsticks"]
    rows = [
        _document_row(
            name,
            scores,
            yardsticks["trigram"]["documents"].get(name, {}),
            yardsticks["unigram"]["documents"].get(name, {}),
            characters.get(name),
        )
        for name, scores in found["documents"].items()
    ]
    if len(rows) > 1:
        total = sum(characters.values())
        rows.append(
            _document_row("all", found, yardsticks["trigram"], yardsticks["unigram"], total)
        )
    columns = ("document", "tokens", "characters", "perplexity", "of a trigram", "of a unigram")
    columns += ("bits per character", "of a trigram", "of a unigram")
    without = found.get("without_tokens", [])
    notes = (f"Too short to predict anything in: {', '.join(without)}.",) if without else ()
    return Section(
        "documents",
        "Held-out documents",
        "How well is each text predicted that the model has not seen?",
        DOCUMENTS,
        tables=(Table("The model beside n-grams, by document", columns, tuple(rows)),),
        notes=notes,
    )


def _document_row(
    name: str,
    scores: dict[str, Any],
    trigram: dict[str, Any],
    unigram: dict[str, Any],
    characters: int | None,
) -> tuple[str, ...]:
    three = (scores, trigram, unigram)
    return (
        name,
        f"{scores.get('num_tokens', 0):,}",
        "" if characters is None else f"{characters:,}",
        *(number(one.get("perplexity")) for one in three),
        *(number(one.get("bits_per_character"), 3) for one in three),
    )


def corpus_section(results: dict[str, Any]) -> Section:
    """Return the section on what was trained on, and what was left out.

    Args:
        results: content of `results.json`.
    """
    corpus = results["corpus"]
    rows = tuple(
        (
            name,
            f"{len(corpus[part]['documents']):,}",
            f"{corpus[part]['tokens']:,}",
            f"{corpus[part]['characters']:,}",
            number(corpus[part]["characters"] / max(1, corpus[part]["tokens"])),
            f"{corpus[part]['unknown_pieces']:,}",
        )
        for part, name in (("train", "training"), ("held_out", "held out"))
    )
    columns = ("part", "documents", "tokens", "characters", "characters a token", "unknown pieces")
    passed_over = corpus["files_passed_over"]
    left_out = (
        *corpus["dropped"].items(),
        ("other files of the folders, and folders in them", len(passed_over)),
    )
    return Section(
        "corpus",
        "The corpus",
        "What did the model read, and what was left out?",
        CORPUS,
        tables=(
            Table("What there is", columns, rows),
            Table(
                "What was left out",
                ("what", "count"),
                tuple((name, f"{size:,}") for name, size in left_out),
                note=f"Not read: {', '.join(passed_over)}." if passed_over else "",
            ),
        ),
    )
