"""The optimizer of GPT-1: Adam whose decay goes through the bias-corrected rate."""

import functools
import math
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree

from attnjax.errors import ConfigError, UserError, raise_all
from attnjax.training.gpt.schedules import Schedule, ScheduleName, schedule
from attnjax.types import Params

OptimizerForm = Literal["release", "standard"]


@dataclass(frozen=True)
class OptimizerSettings:
    """How the weights of a GPT are updated; the defaults are the paper's for pre-training.

    Attributes:
        form: "release", or "standard": Adam as in AdamW, whose decay is multiplied by the
            learning rate alone and whose epsilon stands beside the corrected root.
        learning_rate: the largest one, above 0.
        num_steps: of the whole training, at least 1.
        schedule: of the learning rate.
        warmup: share of `num_steps` that is warm-up, in [0, 1).
        weight_decay: at least 0.
        decay_vectors: whether biases and gains decay too (`vector_l2` of the release).
        stacked: names of sub-trees whose arrays have a leading axis of layers, which does
            not count where vectors are told from matrices.
        max_norm: of all gradients together, above which they are scaled; 0: never.
        b1: decay of the first moment, in [0, 1).
        b2: decay of the second moment, in [0, 1).
        epsilon: added to the root of the second moment, above 0.
    """

    form: OptimizerForm = "release"
    learning_rate: float = 2.5e-4
    num_steps: int = 1
    schedule: ScheduleName = "warmup_cosine"
    warmup: float = 0.002
    weight_decay: float = 0.01
    decay_vectors: bool = False
    stacked: tuple[str, ...] = ("blocks",)
    max_norm: float = 1.0
    b1: float = 0.9
    b2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        wrong = (
            ("learning_rate", self.learning_rate, self.learning_rate > 0, "above 0"),
            ("num_steps", self.num_steps, self.num_steps >= 1, "at least 1"),
            ("warmup", self.warmup, 0 <= self.warmup < 1, "from 0 to below 1"),
            ("weight_decay", self.weight_decay, self.weight_decay >= 0, "at least 0"),
            ("max_norm", self.max_norm, self.max_norm >= 0, "at least 0"),
            ("b1", self.b1, 0 <= self.b1 < 1, "from 0 to below 1"),
            ("b2", self.b2, 0 <= self.b2 < 1, "from 0 to below 1"),
            ("epsilon", self.epsilon, self.epsilon > 0, "above 0"),
        )
        mistakes: list[UserError] = [
            ConfigError(
                f"optimizer.{name}", found=str(value), expected=expected, action="change it"
            )
            for name, value, right, expected in wrong
            if not right
        ]
        raise_all(mistakes)


def scale_by_release_adam(
    learning_rate: float,
    factor: Schedule,
    *,
    weight_decay: float = 0.0,
    decayed: Any = None,
    b1: float = 0.9,
    b2: float = 0.999,
    epsilon: float = 1e-8,
) -> optax.GradientTransformation:
    r"""Return Adam as GPT-1's release computes it, decay and sign included.

    \\( p_t = p_{t-1} - \eta_t \left( \frac{m_t}{\sqrt{v_t} + \epsilon}
    + \lambda p_{t-1} \right), \quad
    \eta_t = \eta \, f(t - 1) \frac{\sqrt{1 - b_2^t}}{1 - b_1^t} \\): the decay is multiplied
    by the bias-corrected rate (a factor of 0.32 in the first step, 0.15 in the tenth), and
    epsilon is added to the *uncorrected* root.

    Args:
        learning_rate: eta, above 0.
        factor: f, of the number of steps before this one.
        weight_decay: lambda, at least 0.
        decayed: from params to a tree of truths, which arrays decay; all if None.
        b1: decay of the first moment, in [0, 1).
        b2: decay of the second moment, in [0, 1).
        epsilon: above 0.

    Returns:
        A transformation from gradients to updates, whose `update` needs the params.

    Source: GPT-1's released code, `opt.py`; Kingma & Ba (2015), section 2, last form.

    Example:
        >>> optimizer = scale_by_release_adam(0.1, lambda step: jnp.float32(1.0), weight_decay=1.0)
        >>> params = {"w": jnp.array([[2.0]])}
        >>> state = optimizer.init(params)
        >>> updates, _ = optimizer.update({"w": jnp.array([[0.0]])}, state, params)
        >>> round(float(updates["w"][0, 0]), 4)  # -0.1 * sqrt(0.001) / 0.1 * 2
        -0.0632
    """

    def init(params: Params) -> optax.ScaleByAdamState:
        zeros = lambda: jax.tree.map(jnp.zeros_like, params)  # noqa: E731
        return optax.ScaleByAdamState(count=jnp.zeros([], jnp.int32), mu=zeros(), nu=zeros())

    def update(
        updates: optax.Updates, state: Any, params: Params = None
    ) -> tuple[optax.Updates, optax.ScaleByAdamState]:
        count = state.count + 1
        mu = jax.tree.map(lambda g, m: b1 * m + (1 - b1) * g, updates, state.mu)
        nu = jax.tree.map(lambda g, v: b2 * v + (1 - b2) * g * g, updates, state.nu)
        corrected = jnp.sqrt(_one_minus_power(b2, count)) / _one_minus_power(b1, count)
        rate = learning_rate * factor(state.count) * corrected
        decays = jax.tree.map(lambda _: True, params) if decayed is None else decayed(params)

        def change(m: jax.Array, v: jax.Array, p: jax.Array, decays: bool) -> jax.Array:
            direction = m / (jnp.sqrt(v) + epsilon)
            return -rate * (direction + weight_decay * p if decays else direction)

        state = optax.ScaleByAdamState(count=count, mu=mu, nu=nu)
        return jax.tree.map(change, mu, nu, params, decays), state

    return optax.GradientTransformation(init, update)


def _one_minus_power(base: float, count: jax.Array) -> jax.Array:
    """Return 1 - base**count without its cancellation, which in float32 costs 1e-5 of a step."""
    if base == 0.0:
        return jnp.ones([], jnp.float32)
    return -jnp.expm1(count.astype(jnp.float32) * math.log(base))


def matrices(params: Params, *, stacked: tuple[str, ...] = ()) -> PyTree:
    """Mark the arrays that have more than one axis: all but biases and gains.

    Args:
        params: the weights.
        stacked: names of sub-trees whose arrays have a leading axis of layers.

    Source: GPT-1's released code, `opt.py` (`vector_l2=False`).

    Example:
        >>> params = {"table": jnp.ones((3, 2)), "blocks": {"b": jnp.ones((12, 2))}}
        >>> matrices(params, stacked=("blocks",))
        {'blocks': {'b': False}, 'table': True}
    """

    def is_matrix(path: tuple[Any, ...], array: jax.Array) -> bool:
        names = [jax.tree_util.keystr((each,), simple=True) for each in path]
        return array.ndim - any(name in stacked for name in names) > 1

    return jax.tree_util.tree_map_with_path(is_matrix, params)


def everything(params: Params) -> PyTree:
    """Mark every array.

    Example:
        >>> everything({"b": jnp.ones(2)})
        {'b': True}
    """
    return jax.tree.map(lambda _: True, params)


# One object for equal settings: a step jitted with it is compiled once.
@functools.lru_cache(maxsize=64)
def build_gpt_optimizer(settings: OptimizerSettings) -> optax.GradientTransformation:
    """Return the optimizer of a GPT: clip all gradients by their norm, then Adam.

    Args:
        settings: see `OptimizerSettings`.

    Returns:
        A transformation whose `update` needs the params.

    Source: Radford et al. (2018), section 4.1, and GPT-1's released code, `opt.py`;
        Loshchilov & Hutter (2019), algorithm 2, for "standard".

    Example:
        >>> settings = OptimizerSettings(form="standard", warmup=0.0, weight_decay=0.5)
        >>> optimizer = build_gpt_optimizer(settings)
        >>> params = {"w": jnp.array([[2.0]]), "b": jnp.array([2.0])}
        >>> zero = {"w": jnp.array([[0.0]]), "b": jnp.array([0.0])}
        >>> updates, _ = optimizer.update(zero, optimizer.init(params), params)
        >>> [round(float(updates[name].sum()) + 0.0, 6) for name in ("w", "b")]
        [-0.00025, 0.0]
    """
    factor = schedule(settings.schedule, num_steps=settings.num_steps, warmup=settings.warmup)
    decayed = (
        everything
        if settings.decay_vectors
        else functools.partial(matrices, stacked=settings.stacked)
    )
    if settings.form == "release":
        adam = scale_by_release_adam(
            settings.learning_rate,
            factor,
            weight_decay=settings.weight_decay,
            decayed=decayed,
            b1=settings.b1,
            b2=settings.b2,
            epsilon=settings.epsilon,
        )
    else:
        adam = optax.adamw(
            lambda step: settings.learning_rate * factor(jnp.asarray(step)),
            b1=settings.b1,
            b2=settings.b2,
            eps=settings.epsilon,
            weight_decay=settings.weight_decay,
            mask=decayed,
        )
    if settings.max_norm == 0.0:
        return adam
    return optax.chain(optax.clip_by_global_norm(settings.max_norm), adam)
