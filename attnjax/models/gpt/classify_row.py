"""A GPT whose attention is the classify token's row: what other weights there would change.

That token ends its sequence, so no other position looks at it: under other weights of its row
all that changes, in whichever layers, is its own state. One position is decoded instead of all.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from attnjax.models.gpt.block import Block
from attnjax.models.gpt.heads import read_output
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.slices import Part, PartOfAttention, classify_mask, put, take
from attnjax.models.gpt.stack import run_traced
from attnjax.types import Inputs, Output, Params, States


class RowSeams(NamedTuple):
    """The functions of `AttentionModel` that the part decides.

    Attributes:
        settings: of the model.
        part: a part of the classify row.
    """

    settings: GPTSettings
    part: Part

    def encode(
        self,
        params: Params,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> States:
        """Return the embeddings, and of a pass what every weight of the row leaves as it is."""
        del key
        first = self.part.first(self.settings.num_layers)
        blocks = _from_layer(params["blocks"], first)
        trace = run_traced(self.settings, params["blocks"], embeddings)
        here = classify_mask(self.settings, inputs)
        levels = trace.states[first:-1]

        def values(params: Params, states: Float[Array, "S L D"]) -> Any:
            def one(x: Float[Array, "L D"]) -> Any:
                return Block(self.settings).apply({"params": params}, x, method="values")

            return jax.vmap(one)(states)

        kept = _Kept(
            entering=jnp.sum(jnp.where(here[..., None], levels[0], 0), axis=1),
            values=jax.vmap(values)(blocks, levels),
            rows=take(trace.attention[first:], Part(classify_row=True), here),
            last=trace.states[-1],
        )
        return States(embeddings, kept=kept)

    def attend(
        self, params: Params, states: States, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> PartOfAttention:
        """Return the row's own weights."""
        del params, key
        return take(states.kept.rows, self.part.from_first, classify_mask(self.settings, inputs))

    def decode(
        self,
        params: Params,
        states: States,
        attention: PartOfAttention,
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        """Return the output under any weights of the row."""
        del key
        kept, here = states.kept, classify_mask(self.settings, inputs)
        rows = put(kept.rows, attention, self.part.from_first, here)

        def step(x: Float[Array, "S D"], layer: tuple) -> tuple[Float[Array, "S D"], None]:
            params, rows, values = layer

            def one(*sequence: Array) -> Any:
                return Block(self.settings).apply({"params": params}, *sequence, method="row")

            return jax.vmap(one)(x, rows[:, :, 0], values, here), None

        first = self.part.first(self.settings.num_layers)
        layers = (_from_layer(params["blocks"], first), rows, kept.values)
        state, _ = jax.lax.scan(step, kept.entering, layers)
        last = jnp.where(here[..., None], state[:, None], kept.last)
        return read_output(self.settings, params, last, inputs)


class _Kept(NamedTuple):
    """What a pass leaves, from the part's first layer on.

    Attributes:
        entering: the classify tokens' states that enter that layer.
        values: of all positions, which the rows mix.
        rows: the classify tokens' own weights.
        last: states of all positions behind the last layer.
    """

    entering: Float[Array, "S D"]
    values: Float[Array, "some_layers S L heads part"]
    rows: Float[Array, "some_layers S heads 1 L"]
    last: Float[Array, "S L D"]


def _from_layer(blocks: Params, first: int) -> Params:
    return jax.tree.map(lambda leaf: leaf[first:], blocks)
