"""The adversarial search and the exact adversary in PyTorch.

The loss is that of Jain & Wallace (2019), section 4.2.2, as the parity notes state it: the sum over
instances and candidates of `-JSD(candidate, own) + 500 relu(|dP| - 0.01)`, less the mean over all
pairs of candidates of their JSD; every logarithm is of p + 1e-10; 500 steps of AMSGrad, rate 0.01,
from `3 * noise`; the last iterate counts.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.torch_reference.model import (
    BiLstmClassifier,
    equal_length_batches,
    sorted_batches,
)

OFFSET = 1e-10
PENALTY = 500.0
RATE = 0.01
NOISE = 3.0

TUNED_INSTANCES = 256
"""Instances that the tuned search moves at a time, sorted by length: few, large steps."""

PAIRS = 2**20
"""Pairs of tokens that the exact solver tries at a time."""


class Searched(NamedTuple):
    """Where the candidates ended.

    Attributes:
        attention: `[N, K, L]`.
        largest_jsd: `[N]`, of the candidates that move P(positive) by at most epsilon.
    """

    attention: np.ndarray
    largest_jsd: np.ndarray


class Problem(NamedTuple):
    """A batch under attack: own attention `[B, L]`, own output `[B]`, what may be weighed."""

    attention: Tensor
    output: Tensor
    attendable: Tensor


def search(
    model: BiLstmClassifier,
    texts: Sequence[np.ndarray],
    noise: np.ndarray,
    *,
    steps: int,
    epsilon: float,
    variant: str,
) -> Searched:
    """Search adversarial attentions of every text from given noise `[N, K, L]`."""
    attention = torch.zeros(noise.shape, dtype=model.decoder.weight.dtype)
    largest = torch.zeros(len(texts), dtype=attention.dtype)
    pose = _pose_by_states if variant == "faithful" else _pose_by_values
    for rows, problem, outputs_fn in pose(model, texts):
        start = torch.from_numpy(noise)[rows][..., : problem.attention.shape[1]]
        log_weights = (NOISE * start.to(attention)).requires_grad_()
        loss = partial(LOSSES[variant], problem, outputs_fn, epsilon)
        _descend(log_weights, loss, steps=steps, fused=variant == "tuned")
        found = _attention(log_weights.detach(), problem)
        attention[rows, :, : found.shape[2]] = found
        largest[rows] = _largest_jsd(found, problem, outputs_fn, epsilon)
    return Searched(attention.numpy(), largest.numpy())


OutputsFn = Callable[[Tensor], Tensor]
"""From candidates `[B, K, L]` to P(positive) `[B, K]`."""


Posed = Iterator[tuple[Tensor, Problem, OutputsFn]]
"""Rows, what is attacked, and what answers: batch after batch."""


def _pose_by_states(model: BiLstmClassifier, texts: Sequence[np.ndarray]) -> Posed:
    """Yield batches of 32, their candidates decoded from the states as by any model."""
    for batch in sorted_batches(texts):
        with torch.no_grad():
            states = model.encode(model.embedding(batch.token_ids), batch)
            attention = model.attend(states, batch.attendable)
            output = model.decode(states, attention[:, None])[:, 0]
        problem = Problem(attention, output, batch.attendable)
        yield batch.rows, problem, partial(model.decode, states)


def _pose_by_values(model: BiLstmClassifier, texts: Sequence[np.ndarray]) -> Posed:
    """Yield large batches in value form: each position's own logit is all that is needed."""
    for rows, (attention, values, bias, where) in _value_form(model, texts):
        output = torch.sigmoid((attention * values).sum(dim=-1) + bias)
        yield rows, Problem(attention, output, where), partial(_outputs, values, bias)


def _outputs(values: Tensor, bias: Tensor, candidates: Tensor) -> Tensor:
    return torch.sigmoid(torch.bmm(candidates, values[..., None])[..., 0] + bias[:, None])


@torch.no_grad()
def _value_form(
    model: BiLstmClassifier, texts: Sequence[np.ndarray]
) -> list[tuple[Tensor, "Arrays"]]:
    """Return all texts, sorted by length, as parts of rows and arrays.

    The texts are encoded in batches of one length, where PyTorch is fastest; the parts are larger.
    """
    lengths = torch.tensor([len(ids) for ids in texts])
    values = torch.zeros(len(texts), int(lengths.max()), dtype=model.decoder.weight.dtype)
    attention = torch.zeros_like(values)
    for batch in equal_length_batches(texts):
        states = model.encode(model.embedding(batch.token_ids), batch)
        length = states.shape[1]
        attention[batch.rows, :length] = model.attend(states, batch.attendable)
        values[batch.rows, :length] = model.values(states)
    parts = []
    for rows in lengths.argsort(stable=True).split(TUNED_INSTANCES):
        longest = int(lengths[rows].max())
        position = torch.arange(longest)
        where = (position > 0) & (position < lengths[rows, None] - 1)
        bias = model.decoder.bias.expand(len(rows))
        parts.append((rows, Arrays(attention[rows, :longest], values[rows, :longest], bias, where)))
    return parts


def _descend(
    log_weights: Tensor, loss_fn: Callable[[Tensor], Tensor], *, steps: int, fused: bool
) -> None:
    """Take all steps of AMSGrad on the logarithms of the candidates, in place."""
    optimizer = torch.optim.Adam([log_weights], lr=RATE, amsgrad=True, fused=fused)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(log_weights).backward()
        optimizer.step()


def _attention(log_weights: Tensor, problem: Problem) -> Tensor:
    return log_weights.masked_fill(~problem.attendable[:, None], -torch.inf).softmax(dim=-1)


def _penalty(candidates: Tensor, problem: Problem, outputs_fn: OutputsFn, epsilon: float) -> Tensor:
    change = (outputs_fn(candidates) - problem.output[:, None]).abs()
    return PENALTY * torch.relu(change - epsilon).sum()


def _loss_all_pairs(
    problem: Problem, outputs_fn: OutputsFn, epsilon: float, log_weights: Tensor
) -> Tensor:
    """Return penalty - JSD to the own attention - mean JSD over all K x K pairs, as written."""
    candidates = _attention(log_weights, problem)
    apart = _jsd(candidates, problem.attention[:, None])
    spread = _jsd(candidates[:, :, None], candidates[:, None])
    penalty = _penalty(candidates, problem, outputs_fn, epsilon)
    return penalty - apart.sum() - spread.mean(dim=(1, 2)).sum()


def _loss_unordered_pairs(
    problem: Problem, outputs_fn: OutputsFn, epsilon: float, log_weights: Tensor
) -> Tensor:
    """Return the same from K (K - 1) / 2 pairs and K entropies.

    With f(x) = sum x log(x + c), JSD(p, q) = f(p) / 2 + f(q) / 2 - f((p + q) / 2).
    """
    candidates, own = _attention(log_weights, problem), problem.attention[:, None]
    count = candidates.shape[1]
    first, second = torch.combinations(torch.arange(count)).T
    alone = _negative_entropy(candidates).sum()
    middle = _negative_entropy((candidates + own) / 2).sum()
    apart = alone / 2 + count * _negative_entropy(own).sum() / 2 - middle
    mixed = _negative_entropy((candidates[:, first] + candidates[:, second]) / 2).sum()
    spread = (count - 1) / 2 * alone - mixed
    penalty = _penalty(candidates, problem, outputs_fn, epsilon)
    return penalty - apart - 2 * spread / count**2


LOSSES = {"tuned": _loss_unordered_pairs, "faithful": _loss_all_pairs}


def _negative_entropy(p: Tensor) -> Tensor:
    return (p * torch.log(p + OFFSET)).sum(dim=-1)


def _jsd(p: Tensor, q: Tensor) -> Tensor:
    middle = torch.log((p + q) / 2 + OFFSET)
    apart = p * (torch.log(p + OFFSET) - middle) + q * (torch.log(q + OFFSET) - middle)
    return apart.sum(dim=-1) / 2


@torch.no_grad()
def _largest_jsd(
    candidates: Tensor, problem: Problem, outputs_fn: OutputsFn, epsilon: float
) -> Tensor:
    change = (outputs_fn(candidates) - problem.output[:, None]).abs()
    jsd = _jsd(candidates, problem.attention[:, None])
    return torch.where(change <= epsilon, jsd, 0.0).amax(dim=1).clamp(min=0)


class Arrays(NamedTuple):
    """What the exact solver needs: `[N, L]`, `[N, L]`, `[N]`, `[N, L]`."""

    attention: Tensor
    values: Tensor
    bias: Tensor
    where: Tensor


def arrays_from(parts: Sequence[np.ndarray]) -> Arrays:
    """Return arrays of the host, values and bias with an axis of one logit, as PyTorch's."""
    attention, values, bias, where = (torch.from_numpy(part) for part in parts)
    return Arrays(attention, values[..., 0], bias[..., 0], where)


def exact_of_texts(
    model: BiLstmClassifier, texts: Sequence[np.ndarray], *, epsilon: float
) -> np.ndarray:
    """Return the largest JSD of every text, `[N]`, encoding included."""
    found = torch.empty(len(texts))
    for rows, arrays in _value_form(model, texts):
        found[rows] = exact(arrays, epsilon)
    return found.numpy()


@torch.inference_mode()
def exact(arrays: Arrays, epsilon: float) -> Tensor:
    """Return the largest JSD of every instance, `[N]`, by trying all vertices.

    A vertex of the feasible set weighs one token whose logit lies in the interval, or two whose
    mixture meets an end of it (two ends, all unordered pairs).
    """
    length = arrays.attention.shape[1]
    first, second = torch.triu_indices(length, length, offset=1)
    size = max(1, PAIRS // max(1, len(first)))
    rows = zip(*(array.split(size) for array in arrays), strict=True)
    return torch.cat([_largest_vertex(Arrays(*row), first, second, epsilon) for row in rows])


def _largest_vertex(arrays: Arrays, first: Tensor, second: Tensor, epsilon: float) -> Tensor:
    attention, values, bias, where = arrays
    logits = values + bias[:, None]
    output = torch.sigmoid((attention * values).sum(dim=1) + bias)
    ends = [torch.logit((output + move).clamp(0, 1)) for move in (-epsilon, epsilon)]
    inside = where & (logits >= ends[0][:, None]) & (logits <= ends[1][:, None])
    own = torch.xlogy(attention, attention)
    alone = own - torch.xlogy(attention + 1, attention + 1)
    best = torch.where(inside, alone, -torch.inf).amax(dim=1)
    start, stop = logits[:, first], logits[:, second]
    both = where[:, first] & where[:, second]
    for end in ends:
        crossing = both & ((start < end[:, None]) != (stop < end[:, None]))
        share = ((stop - end[:, None]) / torch.where(crossing, stop - start, 1)).clamp(0, 1)
        worth = _worth(share, attention[:, first]) + _worth(1 - share, attention[:, second])
        worth = torch.where(crossing & end.isfinite()[:, None], worth, -torch.inf)
        best = torch.maximum(best, worth.amax(dim=1))
    return math.log(2) + best / 2


def _worth(weight: Tensor, own: Tensor) -> Tensor:
    total = weight + own
    return torch.xlogy(weight, weight) + torch.xlogy(own, own) - torch.xlogy(total, total)
