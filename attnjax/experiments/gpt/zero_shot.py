"""What a language model can do before any fine-tuning: the paper's four heuristics, scored."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, Int

from attnjax.data.gpt.zero_shot import Sequences, pad_sequences
from attnjax.measures.task_scores import summarise_task
from attnjax.training.gpt.metrics import MetricName
from attnjax.types import AnyArray, Params

BATCH = 32
"""Sequences scored together."""

SHORTEST = 16
"""Positions of the shortest padded batch; longer ones double."""

TokenLosses = Callable[[Params, Int[AnyArray, "B L"]], Float[Array, "B _"]]


class Heuristic(NamedTuple):
    """A task without training.

    Attributes:
        sequences: its questions.
        metric: what it is judged by.
        chance: the score of a random guess.
        best: the best published score of a single model that was trained on the task, at the
            time of the paper; None where no verified figure is known here.
        threshold: sequences of training texts, from which the threshold of a task of single
            sequences is chosen; None for a task that compares answers.
    """

    sequences: Sequences
    metric: MetricName
    chance: float
    best: float | None
    threshold: Sequences | None = None

    @property
    def digest(self) -> str:
        """A sha256 of all that is asked."""
        parts = (self.sequences, *(() if self.threshold is None else (self.threshold,)))
        plain = [
            (part.ids, part.counted.tolist(), part.question.tolist(), part.label.tolist())
            for part in parts
        ]
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


BEST: dict[str, float | None] = {"cola": 0.35, "sst2": 0.932, "race": 0.533}
"""Published scores of models trained on a task: single-task BiLSTM + ELMo + attention (CoLA,
Matthews), sparse byte mLSTM (SST-2), BiAttention MRU (RACE, an ensemble of 9).

Source: Radford et al. (2018), tables 3 and 4."""


def mean_log_probabilities(
    token_losses: TokenLosses, params: Params, sequences: Sequences
) -> Float[np.ndarray, " sequences"]:
    r"""Return the mean \\( \log p \\) of the tokens that count, of each sequence, in nats.

    Args:
        token_losses: of params and rows of tokens, what each token but the first costs;
            compiled.
        params: of the model.
        sequences: to be scored.
    """
    found = np.zeros(len(sequences.ids))
    for rows, length in _batches([len(each) for each in sequences.ids]):
        # The last batch of a length is filled with its own last row: one shape each.
        filled = [*rows, *[rows[-1]] * (BATCH - len(rows))]
        padded = pad_sequences(sequences, filled, length=length)
        losses = np.asarray(token_losses(params, padded.ids), np.float64)
        found[rows] = -_means(losses, padded.counted[:, 1:])[: len(rows)]
    return found


def _means(
    values: Float[np.ndarray, "B L"], where: Bool[np.ndarray, "B L"]
) -> Float[np.ndarray, " B"]:
    return np.where(where, values, 0.0).sum(axis=1) / where.sum(axis=1)


def _batches(lengths: list[int]) -> Iterator[tuple[list[int], int]]:
    """Yield rows of similar length, and what they are padded to."""
    longest = max(lengths, default=0)

    def size(length: int) -> int:
        doublings = max(0, -(-length // SHORTEST) - 1).bit_length()
        return min(SHORTEST * 2**doublings, longest)

    padded = [size(length) for length in lengths]
    for length in sorted(set(padded)):
        rows = [row for row, each in enumerate(padded) if each == length]
        for begin in range(0, len(rows), BATCH):
            yield rows[begin : begin + BATCH], length


def answered(
    sequences: Sequences, scores: Float[np.ndarray, " sequences"], threshold: float = 0.0
) -> Int[np.ndarray, " questions"]:
    """Return the answer with the largest score; of one sequence whether it is above a threshold.

    Args:
        sequences: the questions.
        scores: of each sequence.
        threshold: for questions of one sequence.

    Example:
        >>> from collections import Counter
        >>> two = Sequences(((1,),) * 2, np.zeros(2), np.array([0, 0]), np.array([1]), 2, Counter())
        >>> answered(two, np.array([-3.0, -2.0])).tolist()
        [1]
    """
    if sequences.num_answers == 1:
        return (scores > threshold).astype(np.int32)
    return scores.reshape(-1, sequences.num_answers).argmax(axis=1).astype(np.int32)


def best_threshold(scores: Float[np.ndarray, " N"], labels: Int[np.ndarray, " N"]) -> float:
    """Return the threshold above which texts are called acceptable with the largest Matthews.

    It lies halfway between two neighbouring scores. The paper does not say how its threshold
    was found.

    Args:
        scores: of training sentences.
        labels: 1 where acceptable.

    Example:
        >>> best_threshold(np.array([-5.0, -4.0, -2.0, -1.0]), np.array([0, 0, 1, 1]))
        -3.0
    """
    order = np.argsort(scores, kind="stable")
    values, right = scores[order], labels[order].astype(np.float64)
    total, positive = len(values), right.sum()
    # With a cut behind place i: all after it are called acceptable.
    above = total - np.arange(1, total)
    true = positive - np.cumsum(right)[:-1]
    numerator = total * true - above * positive
    spread = above * (total - above) * positive * (total - positive)
    cut = values[1:] > values[:-1]
    some = cut & (spread > 0)
    if not some.any():
        return float(values.mean()) if total else 0.0
    matthews = np.where(some, numerator / np.sqrt(np.where(some, spread, 1.0)), -np.inf)
    place = int(matthews.argmax())
    return float((values[place] + values[place + 1]) / 2)


def score_heuristic(
    token_losses: TokenLosses,
    params: Params,
    heuristic: Heuristic,
    *,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """Return how well a model does on a task that it was not trained on.

    Args:
        token_losses: see `mean_log_probabilities`.
        params: of the model.
        heuristic: the task.
        samples: bootstrap samples over the questions.
        seed: of the bootstrap.

    Returns:
        `score` with its `ci95`, `relative` (see `relative_score`) and, where there is one, the
        `threshold`.
    """
    scores = mean_log_probabilities(token_losses, params, heuristic.sequences)
    threshold = None
    if heuristic.threshold is not None:
        known = heuristic.threshold
        found = mean_log_probabilities(token_losses, params, known)
        threshold = best_threshold(found, known.label)
    answers = answered(heuristic.sequences, scores, threshold or 0.0)
    summary = summarise_task(
        (heuristic.metric,),
        heuristic.sequences.label,
        answers[None],
        seeds=(seed,),
        samples=samples,
        seed=seed,
    )["scores"][heuristic.metric]
    point = {"score": summary["mean"], "ci95": summary["ci95"]}
    point["relative"] = relative_score(summary["mean"], heuristic.chance, heuristic.best)
    return point | ({} if threshold is None else {"threshold": threshold})


def relative_score(score: float | None, chance: float, best: float | None) -> float | None:
    """Return a score on the scale on which guessing is 0 and the best one 1.

    Args:
        score: of a model.
        chance: of a random guess.
        best: of the best; None for a perfect 1.

    Source: Radford et al. (2018), figure 2 (right).

    Example:
        >>> relative_score(0.75, 0.5, 0.9)
        0.625
    """
    return None if score is None else (score - chance) / ((1.0 if best is None else best) - chance)
