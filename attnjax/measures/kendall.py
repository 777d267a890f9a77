r"""Kendall's tau-b with its two-sided p-value, as a jitted kernel.

With \\( n \\) positions, \\( t_i \\) of them tied with position \\( i \\) (itself included),
and \\( S \\) the concordant minus the discordant pairs:

\\[ \tau_b = S \big/ \tbinom n2 \sqrt{V_x V_y}, \qquad
\operatorname{Var} S = \frac{n(n-1)}{18} \left( 2 (n-2) U_x U_y + 9 V_x V_y \right) \\]

where \\( V \\) is the share of pairs and \\( U \\) the share of triples that are not tied
throughout. The textbook form of the variance subtracts sums of \\( t(t-1)(2t+5) \\): those
overflow 32-bit integers at 1,000 tokens and cancel in float32. The product form above is
equal to it and does neither, because \\( V \\) and \\( U \\) are sums of positive terms,
\\( \sum_i (n - t_i) \\) and \\( \sum_i (n - t_i)(n + t_i - 3) \\).
"""

from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from attnjax.measures.pairs import count_pairs, num_bytes

EXACT_LENGTH = 33
"""The longest vectors whose p-value is always exact where nothing is tied, as in scipy."""


class KendallResult(NamedTuple):
    """Rank agreement of two score vectors; both NaN where it is undefined."""

    tau: Float[Array, "*B"]
    p_value: Float[Array, "*B"]


def kendall_tau(
    x: Float[Array, " L"],
    y: Float[Array, " L"],
    where: Bool[Array, " L"],
) -> KendallResult:
    r"""Return Kendall's tau-b of two vectors and its two-sided p-value.

    The p-value is exact where no value is tied and either n is at most 33 or at most one
    pair disagrees with the rest, else that of the normal approximation. Both are NaN where
    fewer than two positions count, a vector is constant, or a value is NaN.

    Args:
        x: scores, e.g. attention.
        y: scores, e.g. absolute gradients; only the order of values matters.
        where: the positions that count.

    Returns:
        tau in [-1, 1] and p in [0, 1].

    Source: Kendall (1945), The treatment of ties in ranking problems, section 3; the choice
    between exact and approximate is that of `scipy.stats.kendalltau(method="auto")`, which
    Jain & Wallace (2019), section 4.1, use.

    Example:
        >>> import jax.numpy as jnp
        >>> x, y = jnp.array([0.1, 0.2, 0.3, 0.4]), jnp.array([1.0, 3.0, 2.0, 4.0])
        >>> result = kendall_tau(x, y, jnp.ones(4, bool))
        >>> round(float(result.tau), 6), round(float(result.p_value), 6)
        (0.666667, 0.333333)
    """
    counted = count_pairs(x, y, where)
    n = jnp.sum(where).astype(x.dtype)
    pairs = n * (n - 1) / 2
    score = counted.score.astype(x.dtype)
    untied_x, triples_x = _untied_shares(counted.ties_x, n)
    untied_y, triples_y = _untied_shares(counted.ties_y, n)
    finite = ~jnp.any(where & (jnp.isnan(x) | jnp.isnan(y)))
    defined = (n >= 2) & (untied_x > 0) & (untied_y > 0) & finite

    scale = jnp.where(defined, pairs * jnp.sqrt(untied_x * untied_y), 1)
    tau = jnp.clip(score / scale, -1, 1)

    variance = pairs * (2 * (n - 2) * triples_x * triples_y + 9 * untied_x * untied_y) / 9
    deviations = jnp.abs(score) / jnp.sqrt(jnp.where(defined, variance, 1))
    approximate = jax.lax.erfc(deviations / np.sqrt(2).astype(x.dtype))

    # Without ties every pair agrees or disagrees; the rarer kind is this many.
    disagreeing = (pairs - jnp.abs(score)) / 2
    tied = jnp.any((counted.ties_x > 1) | (counted.ties_y > 1))
    is_exact = ~tied & ((n <= EXACT_LENGTH) | (disagreeing <= 1))
    p_value = jnp.where(is_exact, _exact_p_value(n, disagreeing), approximate)
    return KendallResult(
        tau=jnp.where(defined, tau, jnp.nan), p_value=jnp.where(defined, p_value, jnp.nan)
    )


@partial(jax.jit, static_argnames="memory_bytes")
def kendall_taus(
    x: Float[Array, "B L"],
    y: Float[Array, "B L"],
    where: Bool[Array, "B L"],
    *,
    memory_bytes: int = 256 * 2**20,
) -> KendallResult:
    """Return `kendall_tau` of every instance of a batch.

    Args:
        x: scores.
        y: scores.
        where: the positions that count.
        memory_bytes: bound on the working memory, bytes; never below that of one instance.

    Returns:
        tau and p-value of every instance.

    Source: see `kendall_tau`.

    Example:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[0.1, 0.2, 0.3], [0.5, 0.5, 0.0]])
        >>> result = kendall_taus(x, -x, jnp.array([[True] * 3, [True, True, False]]))
        >>> result.tau.tolist()
        [-1.0, nan]
    """
    num_instances, length = x.shape
    together = max(1, memory_bytes // num_bytes(max(1, length)))
    if together >= num_instances:
        return jax.vmap(kendall_tau)(x, y, where)
    each = lambda vectors: kendall_tau(*vectors)  # noqa: E731
    return jax.lax.map(each, (x, y, where), batch_size=together)


def _untied_shares(
    ties: Int[Array, " L"], n: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the shares of pairs and of triples that are not tied throughout."""
    tied, where = ties.astype(n.dtype), ties > 0
    pairs = _sum(jnp.where(where, n - tied, 0))
    triples = _sum(jnp.where(where, (n - tied) * (n + tied - 3), 0))
    num_pairs = n * (n - 1)
    num_triples = num_pairs * (n - 2)
    return pairs / jnp.maximum(num_pairs, 1), triples / jnp.maximum(num_triples, 1)


def _sum(values: Float[Array, " L"]) -> Float[Array, ""]:
    """Sum by halves: exact for integers below 2**24, else rounded log2(L) times only."""
    size = 1 << max(0, values.shape[0] - 1).bit_length()
    values = jnp.pad(values, (0, size - values.shape[0]))
    while size > 1:
        size //= 2
        values = values[:size] + values[size:]
    return values[0]


def _exact_p_value(n: Float[Array, ""], disagreeing: Float[Array, ""]) -> Float[Array, ""]:
    """Return the exact two-sided p-value, of no meaning where the exact one is not used."""
    table = jnp.asarray(_exact_table(), n.dtype)
    row = jnp.clip(n.astype(jnp.int32), 0, EXACT_LENGTH)
    column = jnp.clip(disagreeing.astype(jnp.int32), 0, table.shape[1] - 1)
    # Longer vectors only come here with 0 or 1 disagreeing pairs: 2 / n! or 2 / (n - 1)!.
    rare = jnp.exp(jnp.log(jnp.asarray(2, n.dtype)) - jax.lax.lgamma(n + 1 - disagreeing))
    return jnp.where(n <= EXACT_LENGTH, table[row, column], rare)


@cache
def _exact_table() -> np.ndarray:
    """Tabulate p over n (rows, 0 to 33) and the number of disagreeing pairs (columns).

    Of all orders of n values, the number of discordant pairs is a sum of independent
    uniform draws from {0}, {0, 1}, ..., {0, ..., n - 1}; p is twice its lower tail.
    """
    num_columns = EXACT_LENGTH * (EXACT_LENGTH - 1) // 4 + 1
    table = np.ones((EXACT_LENGTH + 1, num_columns))
    share = np.ones(1)
    for n in range(2, EXACT_LENGTH + 1):
        share = np.convolve(share, np.full(n, 1 / n))
        tail = np.minimum(1.0, 2 * np.cumsum(share))[:num_columns]
        table[n, : len(tail)] = tail
    return table
