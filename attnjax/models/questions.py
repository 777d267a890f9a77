"""A model that answers a question about a passage, as one flax module.

Question answering, and natural language inference with the hypothesis for a question: the
same seams as `classifier.Classifier`. The passage is the text that is attended to, explained
and attacked; the question stays as it is.
"""

from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from attnjax.errors import DataError
from attnjax.models.classifier import Embedding, dropout, look_up
from attnjax.models.initializers import uniform_by_width
from attnjax.outputs import IMPOSSIBLE
from attnjax.types import AnyArray, Inputs, Output, States


class PairReading(NamedTuple):
    """What all deletions from a passage share; of several instances with a leading axis.

    Attributes:
        passage: what the encoder's `read` gives.
        question: the question's vector.
    """

    passage: Any
    question: Float[Array, "*B D"]


class QuestionDecoder(nn.Module):
    r"""\\( W_2 \tanh(W_p c + b_p + W_q q + b_q) + b_2 \\), the hidden layer half as wide.

    The two inner biases act as their sum; both are kept, as in `encoders.BiLSTM`.

    Source: the released code of Jain & Wallace (2019).
    """

    num_logits: int

    @nn.compact
    def __call__(
        self, context: Float[Array, " D"], question: Float[Array, " D"]
    ) -> Float[Array, " C"]:
        hidden = _dense("context", context, max(1, context.shape[-1] // 2))
        hidden += _dense("question", question, hidden.shape[-1])
        return _dense("output", jnp.tanh(hidden), self.num_logits)


def _dense(name: str, values: Float[Array, " D"], width: int) -> Float[Array, " N"]:
    uniform = uniform_by_width(values.shape[-1])
    return nn.Dense(width, kernel_init=uniform, bias_init=uniform, name=name)(values)


class QuestionClassifier(nn.Module):
    """Passage and question with a table and an encoder each, attention over the passage.

    Attributes:
        encoder: of the passage, `[L, E]` and mask to `[L, D]`.
        question_encoder: the same of the question; its `summary` is the question's vector.
        attention: passage states `[L, D]`, inputs and the question's vector to `[L]`.
        vocabulary_size: rows of both embedding tables; row 0 is padding.
        embedding_size: E.
        num_logits: one per class, also for two.
        dropout: rate on both embeddings and on the context vector, where a key is given.
    """

    encoder: nn.Module
    question_encoder: nn.Module
    attention: nn.Module
    vocabulary_size: int
    embedding_size: int
    num_logits: int
    dropout: float = 0.0

    def setup(self):
        self.embedding = Embedding(self.vocabulary_size, self.embedding_size)
        self.question_embedding = Embedding(self.vocabulary_size, self.embedding_size)
        self.decoder = QuestionDecoder(self.num_logits)

    def __call__(self, inputs: Inputs) -> Output:
        """Run every part once; this is what `init` traces."""
        states = self.encode(self.embed(inputs), inputs)
        return self.decode(states, self.attend(states, inputs), inputs)

    def embed(self, inputs: Inputs, key: Key[Array, ""] | None = None) -> Float[Array, "S L E"]:
        """Look the passage up; gradients are taken of it alone."""
        rows = look_up(self.embedding(), inputs.token_ids, inputs.mask)
        return dropout(rows, self.dropout, key)

    def encode(
        self,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        key: Key[Array, ""] | None = None,
    ) -> States:
        """Encode the passage and, from its token ids, the question."""
        passage = self.encoder(embeddings[0], inputs.mask[0])
        return States(passage[None], self.question(inputs, key))

    def question(self, inputs: Inputs, key: Key[Array, ""] | None = None) -> Float[Array, " D"]:
        """Return the question's vector."""
        token_ids, mask = _required(inputs)
        rows = dropout(look_up(self.question_embedding(), token_ids, mask), self.dropout, key)
        return self.question_encoder.summary(self.question_encoder(rows, mask), mask)

    def read(self, embeddings: Float[Array, "S L E"], inputs: Inputs) -> PairReading:
        """Return what all deletions from the passage share."""
        passage = self.encoder.read(embeddings[0], inputs.mask[0])
        return PairReading(passage, self.question(inputs))

    def encode_without(
        self, readings: PairReading, row: Int[Array, ""], position: Int[Array, ""]
    ) -> States:
        """Encode a passage of those that were read without one of its tokens."""
        passage = self.encoder.without(readings.passage, row, position)
        return States(passage[None], readings.question[row])

    def attend(self, states: States, inputs: Inputs) -> Float[Array, " L"]:
        """Return the model's own attention over the passage, given the question."""
        return self.attention(states.tokens[0], inputs, _vector(states))

    def decode(
        self,
        states: States,
        attention: Float[Array, " L"],
        inputs: Inputs,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        """Return the logits of the answers, `IMPOSSIBLE` for those that are no candidates."""
        context = dropout(attention @ states.tokens[0], self.dropout, key)
        logits = self.decoder(context, _vector(states))
        if inputs.candidates is not None:
            logits = jnp.where(inputs.candidates, logits, IMPOSSIBLE)
        return Output(logits)


def _vector(states: States) -> Float[Array, " D"]:
    assert states.context is not None, "a question model's states hold the question's vector"
    return states.context


def _required(inputs: Inputs) -> tuple[Int[AnyArray, " Q"], Bool[AnyArray, " Q"]]:
    """Return the question of an instance, which has one."""
    if inputs.question is None or inputs.question_mask is None:
        raise DataError(
            "question model",
            found="instances without a question",
            expected="Inputs.question and Inputs.question_mask",
            action="give the split its `question`, or build the model without question=True",
        )
    return inputs.question, inputs.question_mask
