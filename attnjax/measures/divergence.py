"""How far two distributions over positions, or over classes, are apart."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.outputs import output_change

FORMS = ("exact", "release")

RELEASE_OFFSET = 1e-10
"""What the released code adds to every probability inside a logarithm."""


def jensen_shannon(
    p: Float[Array, "*N L"],
    q: Float[Array, "*N L"],
    where: Bool[Array, "*N L"] | None = None,
    *,
    form: str = "exact",
) -> Float[Array, "*N"]:
    r"""Return the Jensen-Shannon divergence of two distributions, in nats.

    \\( \frac12 \sum_i p_i \log \frac{p_i}{m_i} + \frac12 \sum_i q_i \log \frac{q_i}{m_i} \\)
    with \\( m = (p + q) / 2 \\) and \\( 0 \log 0 = 0 \\).

    Args:
        p: a distribution over the last axis.
        q: another.
        where: the positions that count; None for all.
        form: "exact", or "release": \\( \log(x + 10^{-10}) \\) for every logarithm.

    Returns:
        Values in [0, ln 2], up to rounding and, in the form "release", up to 1e-8 outside.
        Gradients are finite wherever the arguments are (0 at a probability that is 0,
        where the true one may be infinite).

    Source: Jain & Wallace (2019), section 4, equation of JSD; the offset is their release's.

    Example:
        >>> import jax.numpy as jnp
        >>> apart = jensen_shannon(jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]))
        >>> bool(jnp.isclose(apart, jnp.log(2)))
        True
    """
    if form not in FORMS:
        raise ValueError(f"form: found {form!r}; expected one of {', '.join(FORMS)}")
    if form == "release":
        middle = jnp.log((p + q) / 2 + RELEASE_OFFSET)
        terms = p * (jnp.log(p + RELEASE_OFFSET) - middle)
        terms = terms + q * (jnp.log(q + RELEASE_OFFSET) - middle)
        return 0.5 * jnp.sum(terms, axis=-1, where=where)
    terms = _weighted_log_ratio(p, p + q) + _weighted_log_ratio(q, p + q)
    # Rounding may leave nearly equal distributions a divergence of about -1e-8.
    return jnp.maximum(0.5 * jnp.sum(terms, axis=-1, where=where), 0)


def entropy(
    p: Float[Array, "*N L"], where: Bool[Array, "*N L"] | None = None
) -> Float[Array, "*N"]:
    r"""Return the entropy \\( -\sum_i p_i \log p_i \\) of a distribution, in nats.

    Args:
        p: a distribution over the last axis.
        where: the positions that count; None for all.

    Returns:
        Values in [0, ln L], with finite gradients (0 at a probability that is 0).

    Source: Shannon (1948), section 6.

    Example:
        >>> import jax.numpy as jnp
        >>> bool(jnp.isclose(entropy(jnp.array([0.5, 0.5, 0.0])), jnp.log(2)))
        True
    """
    positive = p >= jnp.finfo(p.dtype).tiny
    logarithm = jnp.log(jnp.where(positive, p, 1))
    return -jnp.sum(jnp.where(positive, p * logarithm, 0), axis=-1, where=where)


def total_variation(
    p: Float[Array, "*N L"],
    q: Float[Array, "*N L"],
    where: Bool[Array, "*N L"] | None = None,
) -> Float[Array, "*N"]:
    r"""Return the total variation distance \\( \frac12 \sum_i |p_i - q_i| \\), in [0, 1].

    `attnjax.outputs.output_change`, for distributions over positions some of which may not
    count.

    Args:
        p: a distribution over the last axis.
        q: another.
        where: the positions that count; None for all.

    Source: Jain & Wallace (2019), section 4, equation of TVD.

    Example:
        >>> import jax.numpy as jnp
        >>> float(total_variation(jnp.array([1.0, 0.0]), jnp.array([0.5, 0.5])))
        0.5
    """
    if where is None:
        return output_change(p, q)
    return output_change(jnp.where(where, p, 0), jnp.where(where, q, 0))


def _weighted_log_ratio(
    p: Float[Array, "*N L"], total: Float[Array, "*N L"]
) -> Float[Array, "*N L"]:
    """Return `p log(2 p / total)`, 0 where p is 0, with finite gradients.

    The inner `where` keeps the unused branch finite: a gradient through the outer one
    alone would be 0 times infinity. A difference of logarithms, because the gradient of
    the logarithm of a ratio divides by the square of `total`, which may underflow.
    """
    # On some devices numbers below the smallest normal one are 0, on others not.
    positive = p >= jnp.finfo(p.dtype).tiny
    ratio = jnp.log(2 * jnp.where(positive, p, 1)) - jnp.log(jnp.where(positive, total, 1))
    return jnp.where(positive, p * ratio, 0)
