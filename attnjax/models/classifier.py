"""A text classifier with attention, as one flax module whose methods are the model's seams."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from attnjax.models.initializers import standard_normal_but_padding, uniform_by_width
from attnjax.types import AnyArray, Inputs, Output, Readout, States


def dropout(
    values: Float[Array, "*N"], rate: float, key: Key[Array, ""] | None
) -> Float[Array, "*N"]:
    r"""Zero each value with probability `rate` and scale the others by \\( 1/(1-r) \\).

    The noise is one 1-D draw, so the first positions of a sequence get the same noise
    however far it is padded.

    Args:
        values: any array.
        rate: a probability in [0, 1); 0 leaves the values as they are.
        key: used once; None leaves the values as they are.

    Source: Srivastava et al. (2014).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> sorted(set(dropout(jnp.ones(100), 0.5, jax.random.key(0)).tolist()))
        [0.0, 2.0]
    """
    if key is None or rate == 0.0:
        return values
    keep = jax.random.bernoulli(key, 1.0 - rate, (values.size,)).reshape(values.shape)
    return jnp.where(keep, values / (1.0 - rate), 0.0)


def look_up(
    table: Float[Array, "V E"], token_ids: Int[AnyArray, "*N"], mask: Bool[AnyArray, "*N"]
) -> Float[Array, "*N E"]:
    """Return the vectors of tokens; zero where nothing exists, whatever the table's padding row.

    Example:
        >>> table = jnp.array([[7.0], [1.0]])
        >>> look_up(table, jnp.array([1, 0]), jnp.array([True, False])).tolist()
        [[1.0], [0.0]]
    """
    return jnp.where(mask[..., None], table[token_ids], 0.0)


class Classifier(nn.Module):
    """Embedding table, encoder, attention and a linear decoder, for one instance.

    Attributes:
        encoder: `[L, E]` and mask to `[L, D]`.
        attention: `[L, D]` and inputs to `[L]`.
        vocabulary_size: rows of the embedding table; row 0 is padding.
        embedding_size: E.
        num_logits: 1 for two classes, else one per class.
        dropout: rate on embeddings and on the context vector, where a key is given.
    """

    encoder: nn.Module
    attention: nn.Module
    vocabulary_size: int
    embedding_size: int
    num_logits: int
    dropout: float = 0.0

    def setup(self):
        self.embedding = Embedding(self.vocabulary_size, self.embedding_size)
        self.decoder = Decoder(self.num_logits)

    def __call__(self, inputs: Inputs) -> Output:
        """Run every part once; this is what `init` traces."""
        states = self.encode(self.embed(inputs), inputs)
        return self.decode(states, self.attend(states, inputs), inputs)

    def embed(self, inputs: Inputs, key: Key[Array, ""] | None = None) -> Float[Array, "S L E"]:
        """Look token ids up."""
        rows = look_up(self.embedding(), inputs.token_ids, inputs.mask)
        return dropout(rows, self.dropout, key)

    def encode(
        self,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        key: Key[Array, ""] | None = None,
    ) -> States:
        """Encode the one sentence of the instance."""
        del key
        return States(self.encoder(embeddings[0], inputs.mask[0])[None])

    def read(self, embeddings: Float[Array, "S L E"], inputs: Inputs) -> Any:
        """Return what all deletions from the sentence share."""
        return self.encoder.read(embeddings[0], inputs.mask[0])

    def encode_without(
        self, readings: Any, row: Int[Array, ""], position: Int[Array, ""]
    ) -> States:
        """Encode a sentence of those that were read without one of its tokens."""
        return States(self.encoder.without(readings, row, position)[None])

    def attend(self, states: States, inputs: Inputs) -> Float[Array, " L"]:
        """Return the model's own attention."""
        return self.attention(states.tokens[0], inputs)

    def decode(
        self,
        states: States,
        attention: Float[Array, " L"],
        inputs: Inputs,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        """Return the logits of the states' average under `attention`."""
        del inputs
        context = dropout(attention @ states.tokens[0], self.dropout, key)
        kernel, bias = self.decoder(context.shape[-1])
        return Output(context @ kernel + bias)

    def readout(self, states: States) -> Readout:
        """Return each position's own logits, without the bias, and the bias."""
        tokens = states.tokens[0]
        kernel, bias = self.decoder(tokens.shape[-1])
        return Readout(tokens @ kernel, bias)


class Embedding(nn.Module):
    """A table of word vectors."""

    vocabulary_size: int
    embedding_size: int

    @nn.compact
    def __call__(self) -> Float[Array, "V E"]:
        shape = (self.vocabulary_size, self.embedding_size)
        return self.param("table", standard_normal_but_padding, shape)


class Decoder(nn.Module):
    """The kernel and bias of a linear layer, which logits and readout both need."""

    num_logits: int

    @nn.compact
    def __call__(self, width: int) -> tuple[Float[Array, "D C"], Float[Array, " C"]]:
        uniform = uniform_by_width(width)
        kernel = self.param("kernel", uniform, (width, self.num_logits))
        return kernel, self.param("bias", uniform, (self.num_logits,))
