"""The optimizers of the papers: AMSGrad in two forms, L2 decay with its groups."""

import functools
import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree

from attnjax.config import ModelConfig, TrainingConfig
from attnjax.types import Params

AmsgradForm = Literal["release", "optax"]
ATTENTION = "attention"
EMBEDDINGS = ("embedding", "question_embedding")


def scale_by_release_amsgrad(
    learning_rate: float, *, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8
) -> optax.GradientTransformation:
    r"""Return AMSGrad as PyTorch, and so the papers' released code, computes it.

    \\( m_t = b_1 m_{t-1} + (1 - b_1) g_t, \quad v_t = b_2 v_{t-1} + (1 - b_2) g_t^2, \quad
    \bar v_t = \max(\bar v_{t-1}, v_t) \\), update
    \\( -\eta \, \frac{m_t}{1 - b_1^t} \Big/ \left(\sqrt{\bar v_t} / \sqrt{1 - b_2^t}
    + \epsilon\right) \\): the maximum is taken of the *uncorrected* second moment, and the
    correction of the current step applies to it. (`optax.scale_by_amsgrad` without its
    correction, scaled by \\( -\eta\sqrt{1 - b_2^t} \\), is the same with an epsilon up to 32
    times larger; this form has none of that difference.)

    Args:
        learning_rate: step size, above 0.
        b1: decay of the first moment, in (0, 1).
        b2: decay of the second moment, in (0, 1).
        eps: added to the root of the second moment, at least 0.

    Returns:
        A transformation from gradients to updates, sign included.

    Source: Reddi et al. (2018), "On the convergence of Adam and beyond", algorithm 2, with
    the bias corrections of PyTorch's `Adam(amsgrad=True)`.

    Example:
        >>> import jax.numpy as jnp
        >>> optimizer = scale_by_release_amsgrad(0.1)
        >>> update, _ = optimizer.update(jnp.array([2.0]), optimizer.init(jnp.array([0.0])))
        >>> round(float(update[0]), 6)
        -0.1
    """

    def init(params: Params) -> optax.ScaleByAmsgradState:
        zeros = lambda: jax.tree.map(jnp.zeros_like, params)  # noqa: E731
        return optax.ScaleByAmsgradState(
            count=jnp.zeros([], jnp.int32), mu=zeros(), nu=zeros(), nu_max=zeros()
        )

    def update(
        updates: optax.Updates, state: Any, params: Params = None
    ) -> tuple[optax.Updates, optax.ScaleByAmsgradState]:
        del params
        count = state.count + 1
        mu = jax.tree.map(lambda g, m: b1 * m + (1 - b1) * g, updates, state.mu)
        nu = jax.tree.map(lambda g, v: b2 * v + (1 - b2) * g * g, updates, state.nu)
        nu_max = jax.tree.map(jnp.maximum, state.nu_max, nu)

        def scale(m: jax.Array, v: jax.Array) -> jax.Array:
            # 1 - b**t without its cancellation, which in float32 costs 1e-5 of a step.
            time = count.astype(m.dtype)
            first, second = -jnp.expm1(time * math.log(b1)), -jnp.expm1(time * math.log(b2))
            return -learning_rate / first * m / (jnp.sqrt(v) / jnp.sqrt(second) + eps)

        state = optax.ScaleByAmsgradState(count=count, mu=mu, nu=nu, nu_max=nu_max)
        return jax.tree.map(scale, mu, nu_max), state

    return optax.GradientTransformation(init, update)


def amsgrad(learning_rate: float, form: AmsgradForm) -> optax.GradientTransformation:
    """Return AMSGrad in the form of the papers' release or of optax.

    The release takes the maximum over steps of the raw second moment, optax of the
    bias-corrected one. The corrected moment is large in the first steps and never
    forgotten, so optax's form takes smaller steps afterwards.

    Args:
        learning_rate: step size, above 0.
        form: "release" or "optax".

    Returns:
        A transformation from gradients to updates, sign included.

    Source: see `scale_by_release_amsgrad`; `optax.amsgrad`.

    Example:
        >>> import jax.numpy as jnp
        >>> optimizer = amsgrad(0.1, "optax")
        >>> update, _ = optimizer.update(jnp.array([2.0]), optimizer.init(jnp.array([0.0])))
        >>> round(float(update[0]), 4)
        -0.1
    """
    if form == "release":
        return scale_by_release_amsgrad(learning_rate)
    return optax.amsgrad(learning_rate)


def build_optimizer(
    config: TrainingConfig, model_config: ModelConfig
) -> optax.GradientTransformation:
    """Return the optimizer of a classifier: L2 decay, then AMSGrad.

    The decay is classic L2: `weight_decay * params` is *added to the gradient*, before
    Adam's scaling (not decoupled as in AdamW), for every parameter but those under the
    top-level name "attention", which have `attention_weight_decay`. With
    `model_config.freeze_embeddings` the parameters under "embedding" and
    "question_embedding" never move and have no optimizer state.

    Args:
        config: learning rate, weight decays (in [0, 1]) and form of AMSGrad.
        model_config: says whether the embeddings are frozen.

    Returns:
        A transformation whose `update` needs the params.

    Source: Jain & Wallace (2019), released code: no decay on attention parameters in
        classification, the same as elsewhere in question answering.

    Example:
        >>> import jax.numpy as jnp
        >>> config = TrainingConfig(amsgrad="release", learning_rate=0.5, weight_decay=0.1)
        >>> optimizer = build_optimizer(config, ModelConfig())
        >>> params = {"attention": jnp.array([1.0]), "decoder": jnp.array([1.0])}
        >>> zero = {"attention": jnp.array([0.0]), "decoder": jnp.array([0.0])}
        >>> updates, _ = optimizer.update(zero, optimizer.init(params), params)
        >>> {name: round(float(value[0]), 3) + 0.0 for name, value in sorted(updates.items())}
        {'attention': 0.0, 'decoder': -0.5}
    """
    form: AmsgradForm = "optax" if config.amsgrad == "fixed" else "release"
    return _decayed_amsgrad(
        config.learning_rate,
        config.weight_decay,
        config.attention_weight_decay,
        form,
        model_config.freeze_embeddings,
    )


# One object for equal settings: a step jitted with it is compiled once for all seeds.
@functools.lru_cache(maxsize=64)
def _decayed_amsgrad(
    learning_rate: float,
    weight_decay: float,
    attention_weight_decay: float,
    form: AmsgradForm,
    freeze_embeddings: bool,
) -> optax.GradientTransformation:
    steps = [optax.add_decayed_weights(weight_decay, mask=_is_no_attention)]
    if attention_weight_decay:
        steps.append(optax.add_decayed_weights(attention_weight_decay, mask=_is_attention))
    trained = optax.chain(*steps, amsgrad(learning_rate, form))
    if not freeze_embeddings:
        return trained
    frozen = optax.set_to_zero()
    return optax.partition({"trained": trained, "frozen": frozen}, _frozen_or_trained)


def _top_level_name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path[:1], simple=True)


def _is_attention(params: Params) -> PyTree:
    """Mark every parameter of the attention."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: _top_level_name(path) == ATTENTION, params
    )


def _is_no_attention(params: Params) -> PyTree:
    """Mark all others."""
    return jax.tree.map(lambda attention: not attention, _is_attention(params))


def _frozen_or_trained(params: Params) -> PyTree:
    """Name the group of every parameter where embeddings are frozen."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: "frozen" if _top_level_name(path) in EMBEDDINGS else "trained", params
    )
