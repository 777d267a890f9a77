"""From a config to a model: the one table where names become modules."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from attnjax.config import ModelConfig
from attnjax.errors import ConfigError, DataError
from attnjax.models.attention import (
    AdditiveAttention,
    DotAttention,
    GivenAttention,
    RandomAttention,
    UniformAttention,
)
from attnjax.models.classifier import Classifier
from attnjax.models.encoders import WIDTHS, Average, BiLSTM, ConvNet
from attnjax.models.questions import QuestionClassifier
from attnjax.models.seams import as_attention_model, deletion_of
from attnjax.types import AttentionModel, Inputs, Params

ENCODERS = {"lstm": BiLSTM, "cnn": ConvNet, "average": Average}
ATTENTIONS = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "uniform": UniformAttention,
    "random": RandomAttention,
    "given": GivenAttention,
}


EMBEDDINGS = ("embedding", "question_embedding")
"""Keys of params under which tables of embeddings are."""


def build_model(
    config: ModelConfig,
    *,
    vocabulary_size: int,
    num_classes: int,
    vectors: np.ndarray | None = None,
    question: bool = False,
) -> AttentionModel:
    """Return the classifier that a config describes, as the pure functions of `types`.

    Equal arguments without `vectors` give the same object, so functions jitted with the
    model as a static argument are compiled once. Params have the top-level keys
    `embedding`, `encoder`, `attention` (empty where nothing is learnt) and `decoder`; with
    a question `question_embedding` and `question_encoder` too.

    Args:
        config: the model section of a run's config.
        vocabulary_size: rows of the embedding table, special tokens included.
        num_classes: 2 gives a model of one logit, unless it answers questions.
        vectors: initial embeddings `[vocabulary_size, embedding_size]`; else N(0, 1). The
            row of padding is set to zero. Passage and question begin with the same ones.
        question: whether it answers `Inputs.question` about the text. Attention and output
            then depend on both, and classes that are no `Inputs.candidates` have
            probability 0.

    Returns:
        A model with a `readout`; with a question without one, because its decoder bends.

    Raises:
        ConfigError: for a size that the encoder cannot have.
        DataError: for vectors of another shape or fewer than two classes.

    Source: Jain & Wallace (2019), section 3 and the sizes of their released code.

    Example:
        >>> import jax
        >>> from attnjax.config import ModelConfig
        >>> from attnjax.models.inputs import single_inputs
        >>> from attnjax.outputs import forward
        >>> config = ModelConfig(encoder="cnn", embedding_size=6, hidden_size=8)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> inputs = single_inputs([2, 5, 8, 3], length=6)
        >>> params = model.init(jax.random.key(0), inputs)
        >>> forward(model, params, inputs).logits.shape
        (1,)
    """
    _check_sizes(config, num_classes)
    # Fields that say how the model is trained must not make it another model.
    shape = dataclasses.replace(config, weights="", freeze_embeddings=False)
    if question:
        model = _build_question(shape, vocabulary_size, num_classes)
    else:
        model = _build(shape, vocabulary_size, 1 if num_classes == 2 else num_classes)
    if vectors is None:
        return model
    _check_vectors(vectors, (vocabulary_size, config.embedding_size))
    return model._replace(init=VectorInit.of(model, vectors))


def _check_sizes(config: ModelConfig, num_classes: int) -> None:
    if config.encoder == "cnn" and config.hidden_size % len(WIDTHS):
        raise ConfigError(
            "config.model.hidden_size",
            found=str(config.hidden_size),
            expected=f"a multiple of {len(WIDTHS)} with the cnn encoder, an equal share a width",
            action="choose one",
        )
    if num_classes < 2:
        raise DataError(
            "classes",
            found=str(num_classes),
            expected="at least 2",
            action="give the data a second label",
        )


def _check_vectors(vectors: np.ndarray, expected: tuple[int, int]) -> None:
    if vectors.shape != expected:
        raise DataError(
            "word vectors",
            found=f"shape {list(vectors.shape)}",
            expected=f"{list(expected)}: the vocabulary and config.model.embedding_size",
            action="set config.model.embedding_size to the vectors' width",
        )


@functools.lru_cache(maxsize=64)
def _build(config: ModelConfig, vocabulary_size: int, num_logits: int) -> AttentionModel:
    classifier = Classifier(
        encoder=ENCODERS[config.encoder](config.hidden_size),
        attention=ATTENTIONS[config.attention](),
        vocabulary_size=vocabulary_size,
        embedding_size=config.embedding_size,
        num_logits=num_logits,
        dropout=config.dropout,
    )
    model = as_attention_model(classifier, affine=True)
    return model._replace(deletion=deletion_of(classifier))


@functools.lru_cache(maxsize=64)
def _build_question(config: ModelConfig, vocabulary_size: int, num_logits: int) -> AttentionModel:
    module = QuestionClassifier(
        encoder=ENCODERS[config.encoder](config.hidden_size),
        question_encoder=ENCODERS[config.encoder](config.hidden_size),
        attention=ATTENTIONS[config.attention](),
        vocabulary_size=vocabulary_size,
        embedding_size=config.embedding_size,
        num_logits=num_logits,
        dropout=config.dropout,
    )
    model = as_attention_model(module, affine=False)
    return model._replace(deletion=deletion_of(module))


@dataclass(frozen=True)
class VectorInit:
    """A model's `init`, with word vectors for embeddings; equal for equal vectors.

    Without that, every call of `build_model` with vectors would be a new static argument
    and everything jitted with the model would be compiled again.
    """

    init: Callable[[Key[Array, ""], Inputs], Params]
    digest: str
    vectors: np.ndarray = field(compare=False, repr=False)

    @classmethod
    def of(cls, model: AttentionModel, vectors: np.ndarray) -> "VectorInit":
        content = np.ascontiguousarray(vectors, np.float32)
        return cls(model.init, hashlib.sha256(content.tobytes()).hexdigest(), content)

    def __call__(self, key: Key[Array, ""], inputs: Inputs) -> Params:
        table = jnp.asarray(self.vectors).at[0].set(0.0)
        params = self.init(key, inputs)
        return params | {name: {"table": table} for name in EMBEDDINGS if name in params}
