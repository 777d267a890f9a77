"""GPT-1 in NumPy and float64, written from the equations alone, one sequence at a time."""

from typing import NamedTuple

import numpy as np

MASKED = -1e9


class Pass(NamedTuple):
    """States after the embedding and after each block, and each block's weights."""

    states: list[np.ndarray]
    weights: list[np.ndarray]


def float64(params):
    """Return nested dicts of arrays in float64."""
    if isinstance(params, dict):
        return {name: float64(value) for name, value in params.items()}
    return np.asarray(params, np.float64)


def normalise(x, gain, bias):
    """Subtract the mean, divide by the root of the biased variance plus 1e-5."""
    centred = x - x.mean(-1, keepdims=True)
    return gain * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) + bias


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def run(params, token_ids, *, num_heads, num_tokens) -> Pass:
    """Return every state and weight of a sequence of ids without padding."""
    table, blocks = params["table"], params["blocks"]
    length = len(token_ids)
    x = table[np.asarray(token_ids)] + table[num_tokens : num_tokens + length]
    states, weights = [x], []
    lower = np.tril(np.ones((length, length)))
    for layer in range(len(blocks["qkv"]["bias"])):
        block = {
            part: {name: leaf[layer] for name, leaf in inner.items()}
            for part, inner in blocks.items()
        }
        q, k, v = np.split(x @ block["qkv"]["kernel"] + block["qkv"]["bias"], 3, axis=-1)
        heads = []
        mixed = np.zeros_like(x)
        size = x.shape[-1] // num_heads
        for head in range(num_heads):
            part = slice(head * size, (head + 1) * size)
            scores = q[:, part] @ k[:, part].T / np.sqrt(size)
            heads.append(softmax(scores * lower + MASKED * (1 - lower)))
            mixed[:, part] = heads[-1] @ v[:, part]
        out = block["attention_output"]
        n = normalise(
            x + mixed @ out["kernel"] + out["bias"],
            block["attention_norm"]["scale"],
            block["attention_norm"]["bias"],
        )
        inner = gelu(n @ block["expand"]["kernel"] + block["expand"]["bias"])
        m = inner @ block["contract"]["kernel"] + block["contract"]["bias"]
        x = normalise(n + m, block["mlp_norm"]["scale"], block["mlp_norm"]["bias"])
        states.append(x)
        weights.append(np.stack(heads))
    return Pass(states, weights)


def log_softmax(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def token_losses(params, last, token_ids, *, num_rows):
    """Return the loss of each token but the first; logits over the table's first rows."""
    logarithm = log_softmax(last[:-1] @ params["table"][:num_rows].T)
    return -logarithm[np.arange(len(token_ids) - 1), token_ids[1:]]
