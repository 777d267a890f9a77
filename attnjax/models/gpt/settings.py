"""The sizes and habits of a GPT, checked once."""

from dataclasses import dataclass, fields
from typing import Literal

import jax
import jax.numpy as jnp

from attnjax.errors import ConfigError, UserError, raise_all

NUM_SPECIAL = 3
"""Start, delimiter and classify: what the input transformations need."""

CHOICES = {
    "mode": ("exact", "standard"),
    "head": ("language_model", "classification", "similarity", "multiple_choice"),
    "dtype": ("float32", "bfloat16"),
    "kernel": ("auto", "xla", "cudnn"),
}


@dataclass(frozen=True)
class GPTSettings:
    """Everything that makes one GPT another; the defaults are the release's.

    Attributes:
        vocabulary_size: pieces of the tokenizer; they are the first rows of the table.
        num_special: rows behind them for start, delimiter and classify; 0 for a pure
            language model.
        context: rows for positions, the last ones of the table: the longest sequence. The
            release cuts them to its longest example, which in the mode "exact" changes the
            logits that a token's probability is taken over.
        num_layers: blocks.
        num_heads: of each block; they divide `width`.
        width: of a state.
        head: what is put on the last states: "language_model" (nothing but the table),
            "classification" (of one sequence), "similarity" (of the two orders of a pair) or
            "multiple_choice" (one logit for each sequence).
        num_logits: of classification and similarity; the release has one per class, also for
            two, while 1 gives the sigmoid that other classifiers here have.
        mode: "exact" does what the release does: dropout of the whole table once a step,
            shared with the output; logits over all rows, positions too; the mean of the
            sequences' mean losses; one dropout mask for all choices. "standard" does what
            Hugging Face does: dropout of the summed embeddings, logits over tokens alone,
            the mean over all tokens, a mask for each choice.
        embedding_dropout: a rate in [0, 1).
        attention_dropout: of the weights.
        residual_dropout: of what attention and MLP add.
        classifier_dropout: of the state that the task's layer reads.
        dtype: of computation; params, softmax, normalisation and logits are float32.
        recompute: whether the backward pass computes each block again instead of keeping
            what is inside it.
        kernel: what computes attention whose weights nobody asks for: "xla", "cudnn" (a GPU
            and bfloat16), or "auto", which is "cudnn" where it can be.
        lstm_units: of the one LSTM that stands in place of the blocks, the paper's ablation;
            0: a transformer.

    Source: Radford et al. (2018), section 4.1, and the released code.

    Example:
        >>> GPTSettings(num_layers=2, width=16, num_heads=2).head_width
        8
    """

    vocabulary_size: int = 40478
    num_special: int = NUM_SPECIAL
    context: int = 512
    num_layers: int = 12
    num_heads: int = 12
    width: int = 768
    head: str = "language_model"
    num_logits: int = 2
    mode: str = "exact"
    embedding_dropout: float = 0.1
    attention_dropout: float = 0.1
    residual_dropout: float = 0.1
    classifier_dropout: float = 0.1
    dtype: str = "float32"
    recompute: bool = False
    kernel: str = "auto"
    lstm_units: int = 0

    @property
    def num_tokens(self) -> int:
        """Rows of the table that are tokens or special: where positions begin."""
        return self.vocabulary_size + self.num_special

    @property
    def num_rows(self) -> int:
        """Rows of the table."""
        return self.num_tokens + self.context

    @property
    def num_output_rows(self) -> int:
        """Rows that have a logit."""
        return self.num_rows if self.mode == "exact" else self.num_tokens

    @property
    def start_id(self) -> int:
        """Id of the token that begins a sequence of a task."""
        return self.vocabulary_size

    @property
    def delimiter_id(self) -> int:
        """Id of the token between two texts."""
        return self.vocabulary_size + 1

    @property
    def classify_id(self) -> int:
        """Id of the token at whose state a task's layer looks."""
        return self.vocabulary_size + 2

    @property
    def head_width(self) -> int:
        """Width of one head."""
        return self.width // self.num_heads

    @property
    def compute_dtype(self) -> jnp.dtype:
        """The type that `dtype` names."""
        return jnp.dtype(self.dtype)

    @property
    def implementation(self) -> Literal["xla", "cudnn"]:
        """What `jax.nn.dot_product_attention` is asked for."""
        if self.kernel != "auto":
            return "cudnn" if self.kernel == "cudnn" else "xla"
        fits = self.dtype == "bfloat16" and jax.default_backend() == "gpu"
        return "cudnn" if fits else "xla"


def check_settings(settings: GPTSettings) -> None:
    """Refuse settings of which no model can be made, naming all that is wrong with them.

    Args:
        settings: of a model.

    Raises:
        ConfigError: or several of them, for each field at fault.

    Example:
        >>> check_settings(GPTSettings(num_heads=7))
        Traceback (most recent call last):
        attnjax.errors.ConfigError: model.num_heads: found 7; expected a divisor of
        model.width, 768. What to do: choose one
    """
    errors: list[UserError] = []
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    for name in ("vocabulary_size", "context", "num_layers", "num_heads", "width", "num_logits"):
        if values[name] < 1:
            errors.append(_error(name, values[name], "at least 1"))
    for name, value in values.items():
        if name.endswith("dropout") and not 0.0 <= value < 1.0:
            errors.append(_error(name, value, "a rate in [0, 1)"))
        if name in CHOICES and value not in CHOICES[name]:
            errors.append(_error(name, repr(value), f"one of {', '.join(CHOICES[name])}"))
    if settings.num_heads >= 1 and settings.width % settings.num_heads:
        expected = f"a divisor of model.width, {settings.width}"
        errors.append(_error("num_heads", settings.num_heads, expected))
    least = 0 if settings.head == "language_model" else NUM_SPECIAL
    if settings.num_special < least:
        expected = f"at least {least}: start, delimiter and classify" if least else "at least 0"
        errors.append(_error("num_special", settings.num_special, expected))
    if settings.lstm_units < 0:
        errors.append(_error("lstm_units", settings.lstm_units, "at least 0"))
    if settings.kernel == "cudnn" and settings.dtype != "bfloat16":
        errors.append(_error("kernel", "'cudnn'", "'xla' or 'auto' with model.dtype 'float32'"))
    raise_all(errors)


def _error(name: str, found: object, expected: str) -> ConfigError:
    return ConfigError(f"model.{name}", found=str(found), expected=expected, action="choose one")
