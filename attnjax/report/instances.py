"""The instances of a run as one compact JSON for the page's browsable table.

Tokens are numbers into a vocabulary whose frequent words have short numbers; weights are
one character each, a share of the largest weight of their text in `LEVELS` steps.
"""

import json
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Num, UInt8

from attnjax.report.embedded_text import number_tokens, safe_json, shown_token
from attnjax.report.load import Ragged, Run

ALPHABET = "".join(chr(code) for code in range(33, 127) if chr(code) not in "\"\\<>&'")
"""Characters that stand for weights, from none to the largest; none needs escaping."""

LEVELS = len(ALPHABET) - 1

BYTES_PER_5000 = 13_500_000
"""Of the JSON, so that the whole page stays below 15 MB."""

QUESTIONS_SHARE = 0.25
"""Of those bytes, what questions may take at most."""

SHORTEST_CUT = 20
"""No text is abridged to fewer tokens."""

MAPS = {
    "attention": "attention",
    "gradient": "|gradient|",
    "leave_one_out": "leave-one-out",
    "adversary.attention": "adversarial attention",
    "exact_adversary.attention": "strongest adversary",
    "exact_adversary.lower_attention": "farthest attention found",
    "trained_adversary.attention": "trained adversary",
    **{f"attention.layer_{number}": f"layer {number}" for number in range(1, 49)},
}
"""Columns shown as heat maps, in this order."""

NUMBERS = {
    "adversary.jsd": ("JSD", "largest JSD of an adversarial attention, nats"),
    "adversary.output_change": ("change, adversary", "output change under it, TVD"),
    "exact_adversary.jsd": ("JSD, strongest", "largest JSD of any attention within epsilon, nats"),
    "exact_adversary.lower": ("JSD, at least", "of the strongest adversary, nats"),
    "exact_adversary.upper": ("JSD, at most", "of the strongest adversary, nats"),
    "exact_adversary.max_output_change": (
        "change, largest",
        "largest output change of any attention, TVD",
    ),
    "permutation.median_output_change": ("change, shuffled", "median output change, TVD"),
    "length": ("length", "real tokens"),
    "max_attention": ("largest weight", "of the model's own attention"),
    "gradient_agreement.tau": ("tau, gradient", "attention and gradient"),
    "leave_one_out_agreement.tau": ("tau, leave-one-out", "attention and leave-one-out"),
}
"""Columns that can be sorted by: heading and explanation."""


class Embedded(NamedTuple):
    """What the page holds of the instances.

    Attributes:
        json: safe inside a `<script>` element.
        shown: how many instances it has.
        cut: tokens beyond which texts are abridged, or 0.
        num_abridged: how many texts are.
        question_cut: words beyond which questions are abridged, or 0.
    """

    json: str
    shown: int
    cut: int
    num_abridged: int
    question_cut: int = 0


def chosen_instances(count: int, limit: int) -> Int[np.ndarray, " M"]:
    """Return which instances the page holds: all, or `limit` of them evenly spaced.

    Example:
        >>> chosen_instances(6, 3).tolist(), chosen_instances(2, 3).tolist()
        ([0, 2, 4], [0, 1])
    """
    if count <= limit:
        return np.arange(count)
    return np.arange(limit) * count // max(limit, 1)


def embed_instances(run: Run, *, limit: int, max_bytes: int | None = None) -> Embedded:
    """Return the instances as JSON of a bounded size.

    Args:
        run: the finished run.
        limit: instances at most; 0: none.
        max_bytes: of the JSON; by default `BYTES_PER_5000`, more for more instances.
    """
    rows = chosen_instances(run.size, limit)
    budget = max_bytes or round(BYTES_PER_5000 * max(1.0, len(rows) / 5000))
    maps = [name for name in MAPS if run.ragged(name).present[rows].any()]
    asked, question_cut = _questions(run, rows, round(QUESTIONS_SHARE * budget))
    budget -= len(json.dumps(asked, ensure_ascii=False).encode())
    tokens = _picked(run.ragged("tokens"), rows)
    texts = [shown_token(token) for token in tokens.values]
    numbers, vocabulary = number_tokens(texts)
    cut = longest_within(texts, numbers, tokens, len(maps), budget - 250 * len(rows) - 10_000)
    num_abridged = 0
    if cut:
        num_abridged = int(np.sum(tokens.lengths > cut))
        kept = _positions(tokens) < cut
        texts = [text for text, keep in zip(texts, kept, strict=True) if keep]
        numbers, vocabulary = number_tokens(texts)
    content = _summary_columns(run, rows) | asked
    content |= {
        "alphabet": ALPHABET,
        "total": run.size,
        "cut": cut,
        "vocabulary": vocabulary,
        "tokens": _lists(numbers, np.minimum(tokens.lengths, cut or np.inf).astype(np.int64)),
        "maps": [_map(run, name, rows, cut) for name in maps],
    }
    for column in _UNDERLINED:
        if column in run.columns:
            flags = run.ragged(column)
            content["evidence"] = [
                [int(place) for place in np.flatnonzero(flags.row(row)[: cut or None])]
                for row in rows
            ]
    return Embedded(safe_json(content), len(rows), cut, num_abridged, question_cut)


def _questions(run: Run, rows: np.ndarray, budget: int) -> tuple[dict[str, Any], int]:
    """Return what is asked of each text and the possible answers, and where questions are cut."""
    found: dict[str, Any] = {}
    cut = 0
    if "candidates" in run.columns:
        classes = run.ragged("candidates")
        found["candidates"] = [classes.row(row).tolist() for row in rows]
    if "question" in run.columns:
        lists = run.ragged("question")
        questions = [list(map(shown_token, lists.row(row))) for row in rows]
        cut = _words_within(questions, budget)
        found["question"] = [" ".join(words[: cut or None]) for words in questions]
    return found, cut


def _words_within(questions: list[list[str]], budget: int) -> int:
    """Return the number of words to which questions must be abridged to fit; 0: not at all."""
    sizes = np.zeros(max(map(len, questions), default=0), np.int64)
    for words in questions:
        for place, word in enumerate(words):
            sizes[place] += len(json.dumps(word, ensure_ascii=False).encode())
    total = np.cumsum(sizes)
    if not len(total) or total[-1] <= budget:
        return 0
    return max(1, int(np.searchsorted(total, budget, side="right")))


def underlined(run: Run) -> str:
    """Return what the table underlines, in words; "" where that is nothing.

    Args:
        run: of the report.
    """
    return next((words for name, words in _UNDERLINED.items() if name in run.columns), "")


_UNDERLINED = {
    "evidence": "the evidence, by which the text was made to have its label",
    "rationale": "what people marked as their reasons (plausible, not necessarily faithful)",
}
"""Columns of flags, at most one of which a run has."""


def longest_within(
    texts: list[str], numbers: np.ndarray, tokens: Ragged, num_maps: int, budget: int
) -> int:
    """Return the number of tokens to which texts must be abridged to fit; 0: not at all."""
    if not texts:
        return 0
    sizes = np.where(numbers > 0, np.log10(np.maximum(numbers, 1)).astype(int), 0) + 2 + num_maps
    places = _positions(tokens)
    order = np.argsort(places, kind="stable")
    # A word of the vocabulary is paid for by the earliest position it stands at.
    _, where = np.unique(numbers[order], return_index=True)
    earliest = order[where]
    sizes[earliest] += [len(json.dumps(texts[index], ensure_ascii=False).encode()) + 1
                        for index in earliest]  # fmt: skip
    total = np.cumsum(np.bincount(places, weights=sizes))
    if total[-1] <= budget:
        return 0
    return max(SHORTEST_CUT, int(np.searchsorted(total, budget, side="right")))


def _positions(tokens: Ragged) -> Int[np.ndarray, " total"]:
    """Return the place of every token in its text, from 0."""
    return np.arange(len(tokens.values)) - np.repeat(tokens.offsets[:-1], tokens.lengths)


def _picked(lists: Ragged, rows: np.ndarray) -> Ragged:
    """Return the lists of some instances."""
    if len(rows) == len(lists.present):
        return lists
    lengths = lists.lengths[rows]
    parts = [lists.row(row) for row in rows]
    values = np.concatenate(parts) if parts else lists.values[:0]
    return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]), lists.present[rows])


def _lists(numbers: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
    flat, ends = numbers.tolist(), np.cumsum(lengths).tolist()
    return [flat[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)]


def _map(run: Run, name: str, rows: np.ndarray, cut: int) -> dict[str, Any]:
    """Return one heat map of every instance: the largest weight, and levels as characters."""
    letters = np.frombuffer(ALPHABET.encode(), np.uint8)
    lists = run.ragged(name)
    largest, strings = [], []
    for row in rows:
        weights = np.nan_to_num(np.abs(lists.row(row).astype(np.float64)))
        top = float(weights.max(initial=0.0))
        largest.append(float(f"{top:.3g}"))
        strings.append(letters[levels(weights[: cut or None], top)].tobytes().decode())
    return {"name": MAPS[name], "largest": largest, "levels": strings}


def levels(weights: Num[np.ndarray, " L"], top: float) -> UInt8[np.ndarray, " L"]:
    """Return weights as steps from 0 to `LEVELS`, a share of the largest.

    Example:
        >>> import numpy as np
        >>> levels(np.array([0.0, 1.0]), 1.0).tolist() == [0, LEVELS]
        True
    """
    return np.rint(weights * (LEVELS / top if top > 0 else 0.0)).astype(np.uint8)


def _summary_columns(run: Run, rows: np.ndarray) -> dict[str, Any]:
    """Return ids, classes, probabilities and the numbers to sort by."""
    label, predicted = (np.asarray(run.columns[name])[rows] for name in ("label", "predicted"))
    numbers = []
    for name, (heading, hint) in NUMBERS.items():
        values = run.lengths.astype(float) if name == "length" else run.numbers(name)
        if values is not None and np.isfinite(values[rows]).any():
            numbers.append(
                {"key": name, "heading": heading, "hint": hint, "values": _rounded(values[rows])}
            )
    return {
        "classes": [shown_token(name) for name in run.class_names],
        "id": np.asarray(run.columns["instance_id"])[rows].tolist(),
        "label": label.tolist(),
        "predicted": predicted.tolist(),
        "before": _of_class(run, "probability", rows, predicted),
        "after": _of_class(run, "adversary.probability", rows, predicted),
        "after_class": _largest_class(run, "adversary.probability", rows),
        "numbers": numbers,
    }


def _rounded(values: np.ndarray) -> list[float | int | None]:
    return [
        None if not np.isfinite(one) else int(one) if one == int(one) else round(float(one), 4)
        for one in values
    ]


def _of_class(run: Run, name: str, rows: np.ndarray, classes: np.ndarray) -> list[float | None]:
    """Return the probability of one class per instance; None where there is no distribution."""
    lists = run.ragged(name)
    return [
        round(float(lists.row(row)[one]), 4) if lists.present[row] else None
        for row, one in zip(rows, classes, strict=True)
    ]


def _largest_class(run: Run, name: str, rows: np.ndarray) -> list[int | None]:
    lists = run.ragged(name)
    return [int(np.argmax(lists.row(row))) if lists.present[row] else None for row in rows]
