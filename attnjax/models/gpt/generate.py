"""Texts that a GPT writes, piece by piece."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from attnjax.models.gpt.model import GPT
from attnjax.types import AnyArray, Inputs, Params


def choose(
    logits: Float[Array, " V"], key: Key[Array, ""], *, temperature: float, top_k: int
) -> Int[Array, ""]:
    r"""Return one piece, drawn from \\( \mathrm{softmax}(z / T) \\) over the k largest.

    Args:
        logits: z, over the pieces.
        key: used once.
        temperature: T, at least 0; 0 gives the most probable piece.
        top_k: k; 0, or more than there are pieces, for all.

    Example:
        >>> int(choose(jnp.array([0.0, 3.0, 1.0]), jax.random.key(0), temperature=1.0, top_k=1))
        1
    """
    if temperature == 0.0:
        return jnp.argmax(logits).astype(jnp.int32)
    if 0 < top_k < logits.shape[-1]:
        least = jax.lax.top_k(logits, top_k)[0][-1]
        logits = jnp.where(logits < least, -jnp.inf, logits)
    return jax.random.categorical(key, logits / temperature).astype(jnp.int32)


@functools.partial(jax.jit, static_argnames=("gpt", "length", "temperature", "top_k"))
def generate(
    params: Params,
    prompt: Int[AnyArray, " P"],
    key: Key[Array, ""],
    *,
    gpt: GPT,
    length: int,
    temperature: float = 1.0,
    top_k: int = 0,
) -> Int[Array, " length"]:
    """Return a text that begins with a prompt and that the model goes on with.

    Only pieces are written: no special token, and no row of a position, which the mode
    "exact" has logits for too. All arrays have the length of the whole text, so a prompt of
    the same length compiles nothing anew; a position's noise is keyed by the position.

    Args:
        params: of the model.
        prompt: piece ids, at least one, fewer than `length`.
        key: of the whole text.
        gpt: the model.
        length: of the whole text, at most the model's context.
        temperature: see `choose`.
        top_k: see `choose`.

    Example:
        >>> from attnjax.models.gpt.model import build_gpt, init_params
        >>> from attnjax.models.gpt.settings import GPTSettings
        >>> settings = GPTSettings(vocabulary_size=9, context=6, num_layers=1, num_heads=1, width=4)
        >>> params = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(0))
        >>> text = generate(params, jnp.array([1, 2]), jax.random.key(1), gpt=build_gpt(settings),
        ...                 length=6)
        >>> text.shape, text[:2].tolist()
        ((6,), [1, 2])
    """
    num_given = len(prompt)
    assert 0 < num_given <= length <= gpt.settings.context
    begin = jnp.zeros(length, jnp.int32).at[:num_given].set(jnp.asarray(prompt, jnp.int32))

    def write(position: Int[Array, ""], text: Int[Array, " length"]) -> Int[Array, " length"]:
        # What comes later is masked by causality: its ids may be anything.
        here = jnp.ones((1, length), bool)
        inputs = Inputs(
            token_ids=text[None],
            mask=here,
            attendable=here,
            label=jnp.int32(-1),
            instance_id=jnp.int32(0),
        )
        output = gpt.forward(params, inputs)
        assert output.token_logits is not None  # a GPT always has them
        logits = output.token_logits[0, position - 1, : gpt.settings.vocabulary_size]
        own = jax.random.fold_in(key, position)
        piece = choose(logits, own, temperature=temperature, top_k=top_k)
        return text.at[position].set(piece)

    return jax.lax.fori_loop(num_given, length, write, begin)
