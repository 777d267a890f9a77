"""The GPT-1 of `transformers` in PyTorch, as it is and as an expert would run it.

`faithful` is the model as `transformers` has it. `tuned` has PyTorch's fused attention and gelu in
the same modules, its cross-entropy and a fused AdamW; `compiled` is `tuned` under `torch.compile`.
Dropout is where the model has it.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

VARIANTS = ("faithful", "tuned", "compiled")

RATE, DECAY, EPSILON = 2.5e-4, 0.01, 1e-8
"""Of AdamW."""

Classified = tuple[list[np.ndarray], np.ndarray]
"""States of every level, and logits."""

MAX_NORM = 1.0
"""Of all gradients together."""


def load(folder: Path, kind: str, *, variant: str) -> Any:
    """Return a model with the weights of a folder in Hugging Face's layout.

    Args:
        folder: with `config.json` and `model.safetensors`.
        kind: a class of `transformers`.
        variant: of `VARIANTS`; `compiled` is compiled where it is used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers

        transformers.logging.disable_progress_bar()
        transformers.logging.set_verbosity_error()
        kinds = {
            "OpenAIGPTLMHeadModel": transformers.OpenAIGPTLMHeadModel,
            "OpenAIGPTForSequenceClassification": transformers.OpenAIGPTForSequenceClassification,
        }
        model = kinds[kind].from_pretrained(folder, attn_implementation="eager")
    if variant != "faithful":
        for block in model.transformer.h:
            block.attn.forward = partial(_fused_attention, block.attn)
            block.mlp.act = torch.nn.GELU(approximate="tanh")
    return model


def _fused_attention(module: Any, x: Tensor, *_: Any, **__: Any) -> list[Tensor]:
    """Return what the module does, without its weights, by PyTorch's own attention."""
    parts = module.c_attn(x).split(module.split_size, dim=2)
    heads = (x.shape[0], x.shape[1], module.n_head, x.shape[2] // module.n_head)
    queries, keys, values = (part.view(heads).transpose(1, 2) for part in parts)
    rate = module.attn_dropout.p if module.training else 0.0
    mixed = scaled_dot_product_attention(queries, keys, values, dropout_p=rate, is_causal=True)
    return [module.resid_dropout(module.c_proj(mixed.transpose(1, 2).reshape(x.shape)))]


def make_optimizer(model: Any, *, variant: str) -> torch.optim.AdamW:
    """Return AdamW that decays matrices alone, as ours does."""
    every = list(model.parameters())
    groups = [
        {"params": [p for p in every if p.ndim > 1], "weight_decay": DECAY},
        {"params": [p for p in every if p.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=RATE, eps=EPSILON, fused=variant != "faithful")


def train_step(model: Any, optimizer: torch.optim.AdamW, *, variant: str) -> Callable[[Any], float]:
    """Return a function that takes one step on rows of tokens and returns their mean loss.

    Args:
        model: a language model.
        optimizer: of its weights.
        variant: of `VARIANTS`.
    """
    loss_fn = torch.compile(_loss) if variant == "compiled" else _loss

    def step(token_ids: np.ndarray) -> float:
        optimizer.zero_grad()
        loss = loss_fn(model, torch.from_numpy(token_ids))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimizer.step()
        return loss.item()

    return step


def _loss(model: Any, token_ids: Tensor) -> Tensor:
    logits = model(token_ids[:, :-1]).logits
    return cross_entropy(logits.flatten(0, 1), token_ids[:, 1:].flatten())


def gradients(model: Any, token_ids: np.ndarray) -> tuple[float, float]:
    """Return the loss of rows without dropout, and the norm of its gradient."""
    model.eval()
    model.zero_grad()
    loss = _loss(model, torch.from_numpy(token_ids))
    loss.backward()
    norm = math.sqrt(sum(p.grad.double().pow(2).sum().item() for p in model.parameters()))
    model.train()
    model.zero_grad()
    return loss.item(), norm


def logits_fn(model: Any, *, variant: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from rows of tokens to the logits of every next token."""
    run = torch.compile(_logits) if variant == "compiled" else _logits

    @torch.inference_mode()
    def logits(token_ids: np.ndarray) -> np.ndarray:
        return run(model, torch.from_numpy(token_ids)).numpy()

    model.eval()
    return logits


def _logits(model: Any, token_ids: Tensor) -> Tensor:
    return model(token_ids).logits


def classify_fn(model: Any, *, variant: str) -> Callable[[np.ndarray], Classified]:
    """Return a function from rows of tokens to all their states and the task's logits.

    Nobody stacks the states: that would be a copy more. The rows are full: the last token of
    each is the one that the task's layer reads.
    """
    run = torch.compile(_classify) if variant == "compiled" else _classify

    @torch.inference_mode()
    def classify(token_ids: np.ndarray) -> Classified:
        states, logits = run(model, torch.from_numpy(token_ids))
        return [one.numpy() for one in states], logits.numpy()

    model.eval()
    return classify


def _classify(model: Any, token_ids: Tensor) -> tuple[Sequence[Tensor], Tensor]:
    states = model.transformer(token_ids, output_hidden_states=True).hidden_states
    return states, model.score(states[-1][:, -1])
