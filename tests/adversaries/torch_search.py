"""J&W's search once more, in PyTorch and from the equations: a judge of ours and of the data."""

from typing import NamedTuple

import numpy as np

BATCH = 32
STEPS, RATE, PENALTY, EPSILON, NOISE, OFFSET = 500, 0.01, 500.0, 0.01, 3.0, 1e-10


class Arrays(NamedTuple):
    """What is searched: states `[N, L, D]`, the model's own attention, normal draws `[N, K, L]`."""

    states: np.ndarray
    own: np.ndarray
    attendable: np.ndarray
    noise: np.ndarray


def search(torch, arrays, decoder, dtype):
    """Return the attentions after the last step, `[N, K, L]`, all arithmetic in `dtype`."""
    # A second thread gains nothing at these sizes, and loses much on a busy machine.
    torch.set_num_threads(1)
    kernel, bias = (
        torch.tensor(np.asarray(decoder[name])).to(dtype) for name in ("kernel", "bias")
    )

    def probability(attention, states):
        context = (attention[..., None] * states[:, None]).sum(dim=2)
        return torch.sigmoid(context @ kernel + bias)[..., 0]

    parts = []
    for first in range(0, len(arrays.own), BATCH):
        batch = [torch.tensor(np.asarray(one[first : first + BATCH])) for one in arrays]
        batch = Arrays(*(one.to(dtype) if one.is_floating_point() else one for one in batch))
        parts.append(_search(torch, batch, probability))
    return np.concatenate(parts)


def _search(torch, batch, probability):
    def attend(log_weights):
        hidden = log_weights.masked_fill(~batch.attendable[:, None], -torch.inf)
        return torch.softmax(hidden, dim=-1)

    def divergence(p, q):
        middle = torch.log((p + q) / 2 + OFFSET)
        terms = p * (torch.log(p + OFFSET) - middle) + q * (torch.log(q + OFFSET) - middle)
        return terms.sum(dim=-1) / 2

    own = batch.own[:, None]
    original = probability(own, batch.states)
    log_weights = (NOISE * batch.noise).requires_grad_(True)
    optimizer = torch.optim.Adam([log_weights], lr=RATE, amsgrad=True)
    for _ in range(STEPS):
        optimizer.zero_grad()
        attention = attend(log_weights)
        moved = (probability(attention, batch.states) - original).abs()
        loss = (PENALTY * torch.relu(moved - EPSILON) - divergence(attention, own)).sum()
        spread = divergence(attention[:, :, None], attention[:, None]).sum(dim=0).mean()
        (loss - spread).backward()
        optimizer.step()
    return attend(log_weights.detach()).numpy()
