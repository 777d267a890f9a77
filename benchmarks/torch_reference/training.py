"""One epoch of training in PyTorch: AMSGrad with L2 decay, as in Jain & Wallace (2019)."""

from collections.abc import Iterable

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.torch_reference.model import BiLstmClassifier, TextBatch

RATE = 1e-3
DECAY = 1e-5
UNDECAYED = ("hidden.", "score.")
"""Attention's parameters have no decay."""


def make_optimizer(model: BiLstmClassifier, *, variant: str) -> torch.optim.Adam:
    """Return AMSGrad over all parameters; `tuned` updates them in one fused pass."""
    model.requires_grad_(True)
    attention = [p for name, p in model.named_parameters() if name.startswith(UNDECAYED)]
    others = [p for name, p in model.named_parameters() if not name.startswith(UNDECAYED)]
    groups = [{"params": others, "weight_decay": DECAY}, {"params": attention}]
    return torch.optim.Adam(groups, lr=RATE, amsgrad=True, fused=variant == "tuned")


def train(
    model: BiLstmClassifier,
    optimizer: torch.optim.Adam,
    batches: Iterable[tuple[TextBatch, np.ndarray]],
    *,
    positive_weight: float,
) -> float:
    """Take one step for each batch of texts and labels; return the sum of the losses."""
    total = torch.zeros(())
    weight = torch.tensor(positive_weight, dtype=model.decoder.weight.dtype)
    for batch, labels in batches:
        optimizer.zero_grad()
        states = model.encode(model.embedding(batch.token_ids), batch)
        attention = model.attend(states, batch.attendable)
        context = torch.bmm(attention[:, None], states)[:, 0]
        logits = model.decoder(context)[:, 0]
        wanted = torch.from_numpy(labels).to(logits)
        loss = binary_cross_entropy_with_logits(logits, wanted, pos_weight=weight, reduction="sum")
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total.item()
