"""Evaluation, gradient importance, leave-one-out and permutations in PyTorch.

Results are dense arrays in the order of the texts, zero where nothing is measured.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from benchmarks.torch_reference.model import (
    TUNED_POSITIONS,
    BiLstmClassifier,
    TextBatch,
    equal_length_batches,
    sorted_batches,
)

SHUFFLED = 2**18
"""Weights (instances x shuffles x positions) that the tuned shuffles hold at a time."""


def batches_of(texts: Sequence[np.ndarray], variant: str) -> Iterator[TextBatch]:
    """Yield the texts in the batches of a variant, `tuned` or `faithful`."""
    return equal_length_batches(texts) if variant == "tuned" else sorted_batches(texts)


@torch.inference_mode()
def evaluate(model: BiLstmClassifier, texts: Sequence[np.ndarray], *, variant: str) -> np.ndarray:
    """Return P(positive) of every text, `[N]`."""
    found = torch.empty(len(texts))
    for batch in batches_of(texts, variant):
        found[batch.rows] = model(batch)
    return found.numpy()


def gradient(model: BiLstmClassifier, texts: Sequence[np.ndarray], *, variant: str) -> np.ndarray:
    r"""Return gradient times embedding, `[N, L]`: \\( \partial y / \partial e_i \cdot e_i \\).

    The attention is held constant. Source: Jain & Wallace (2019), algorithm 1, lines 1 to 4.
    """
    found = torch.zeros(len(texts), _longest(texts))
    for batch in batches_of(texts, variant):
        embeddings = model.embedding(batch.token_ids).requires_grad_()
        states = model.encode(embeddings, batch)
        attention = model.attend(states.detach(), batch.attendable)
        output = model.decode(states, attention[:, None])
        (slope,) = torch.autograd.grad(output.sum(), embeddings)
        score = (slope * embeddings.detach()).sum(dim=-1)
        found[batch.rows, : score.shape[1]] = score.masked_fill(~batch.attendable, 0)
    return found.numpy()


@torch.inference_mode()
def leave_one_out(
    model: BiLstmClassifier, texts: Sequence[np.ndarray], *, variant: str
) -> np.ndarray:
    """Return by how much P(positive) moves when a token is deleted, `[N, L]`.

    Source: Jain & Wallace (2019), algorithm 1, lines 5 to 7.
    """
    found = torch.zeros(len(texts), _longest(texts))
    delete = _delete_all if variant == "tuned" else _delete_one_at_a_time
    for batch in batches_of(texts, variant):
        change = (delete(model, batch) - model(batch)[:, None]).abs()
        found[batch.rows, : change.shape[1]] = change.masked_fill(~batch.attendable, 0)
    return found.numpy()


def _delete_all(model: BiLstmClassifier, batch: TextBatch) -> Tensor:
    """Return the outputs without each token: all deletions of texts of one length at once."""
    count, length = batch.token_ids.shape
    kept = torch.arange(length - 1)[None] + (
        torch.arange(length - 1)[None] >= torch.arange(1, length - 1)[:, None]
    )
    shortened = batch.token_ids[:, kept].reshape(-1, length - 1)
    size = max(1, TUNED_POSITIONS // length)
    parts = [
        model(TextBatch(batch.rows, part, torch.full((len(part),), length - 1), padded=False))
        for part in shortened.split(size)
    ]
    found = torch.zeros(count, length)
    found[:, 1:-1] = torch.cat(parts).reshape(count, length - 2)
    return found


def _delete_one_at_a_time(model: BiLstmClassifier, batch: TextBatch) -> Tensor:
    """Return the outputs without each token: a pass of the batch for each position."""
    found = torch.zeros(batch.token_ids.shape)
    for position in range(1, batch.token_ids.shape[1] - 1):
        ids = torch.cat([batch.token_ids[:, :position], batch.token_ids[:, position + 1 :]], 1)
        # A text that ends before the position loses its end: what comes of it is not read.
        found[:, position] = model(TextBatch(batch.rows, ids, batch.lengths - 1))
    return found


@torch.inference_mode()
def median_permuted_change(
    model: BiLstmClassifier, texts: Sequence[np.ndarray], *, count: int, variant: str
) -> np.ndarray:
    """Return the median change of P(positive) over random shuffles of the attention, `[N]`.

    Source: Jain & Wallace (2019), algorithm 2.
    """
    found = torch.empty(len(texts))
    shuffle = _shuffle_all if variant == "tuned" else _shuffle_one_at_a_time
    for batch in batches_of(texts, variant):
        states = model.encode(model.embedding(batch.token_ids), batch)
        attention = model.attend(states, batch.attendable)
        own = model.decode(states, attention[:, None])
        change = (shuffle(model, batch, states, attention, count) - own).abs()
        # NumPy's median of an even number of values is the mean of the middle two.
        found[batch.rows] = torch.from_numpy(np.median(change.numpy(), axis=1))
    return found.numpy()


@torch.inference_mode()
def permuted_outputs(
    model: BiLstmClassifier, texts: Sequence[np.ndarray], index: np.ndarray, *, variant: str
) -> np.ndarray:
    """Return P(positive) under given shuffles `[N, P, L]`, `[N, P]`."""
    found = torch.empty(index.shape[:2])
    for batch in batches_of(texts, variant):
        states = model.encode(model.embedding(batch.token_ids), batch)
        attention = model.attend(states, batch.attendable)
        chosen = torch.from_numpy(index).long()[batch.rows][..., : states.shape[1]]
        shuffled = _gathered(attention, chosen)
        if variant == "tuned":
            found[batch.rows] = _outputs_by_values(model, states, shuffled)
            continue
        for number in range(index.shape[1]):
            found[batch.rows, number] = model.decode(states, shuffled[:, number : number + 1])[:, 0]
    return found.numpy()


def _shuffle_all(
    model: BiLstmClassifier, batch: TextBatch, states: Tensor, attention: Tensor, count: int
) -> Tensor:
    """Return the outputs of all shuffles of texts of one length, `[B, P]`, in value form."""
    inner = attention[:, 1:-1]
    parts = []
    size = max(1, SHUFFLED // (count * inner.shape[1]))
    for weights, kept in zip(inner.split(size), states[:, 1:-1].split(size), strict=True):
        index = torch.rand(len(weights), count, weights.shape[1]).argsort(dim=-1)
        parts.append(_outputs_by_values(model, kept, _gathered(weights, index)))
    return torch.cat(parts)


def _shuffle_one_at_a_time(
    model: BiLstmClassifier, batch: TextBatch, states: Tensor, attention: Tensor, count: int
) -> Tensor:
    """Return the same: shuffle after shuffle, row after row, because the rows' lengths differ."""
    found = torch.empty(len(attention), count)
    for number in range(count):
        shuffled = attention.clone()
        for row, length in enumerate(batch.lengths.tolist()):
            shuffled[row, 1 : length - 1] = attention[row, 1 + torch.randperm(length - 2)]
        found[:, number] = model.decode(states, shuffled[:, None])[:, 0]
    return found


def _gathered(attention: Tensor, index: Tensor) -> Tensor:
    return attention[:, None].expand(-1, index.shape[1], -1).gather(2, index)


def _outputs_by_values(model: BiLstmClassifier, states: Tensor, attention: Tensor) -> Tensor:
    """Return P(positive) from each position's own logit: the decoder is linear."""
    logits = torch.bmm(attention, model.values(states)[..., None])[..., 0]
    return torch.sigmoid(logits + model.decoder.bias)


def _longest(texts: Sequence[np.ndarray]) -> int:
    return max(len(ids) for ids in texts)
