"""How well a language model predicts documents that it was not trained on."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int

from attnjax.data.gpt.held_out import HeldOutBatches
from attnjax.data.gpt.windows import Documents
from attnjax.training.gpt.placement import fetched, own_rows, place_rows, whole
from attnjax.types import AnyArray, Params

TokenLossFn = Callable[[Params, Int[AnyArray, "B window"]], Float[Array, "B context"]]
"""From params and rows of tokens to what each token but the first costs, in nats."""


class DocumentScore(NamedTuple):
    """How well one document, or several together, are predicted.

    Attributes:
        num_tokens: predicted, at least 1.
        loss: mean over them, in nats.
        perplexity: its exponential; infinite where that is no number.
        bits_per_character: what the tokens cost together over the characters of the text;
            None where those are not known, or not the whole text was read.
    """

    num_tokens: int
    loss: float
    perplexity: float
    bits_per_character: float | None


def document_score(
    total: float, num_tokens: int, num_characters: int | None = None
) -> DocumentScore:
    r"""Return the scores of a text from what its tokens cost together.

    Perplexity \\( e^{S / n} \\) and bits per character \\( S / (c \ln 2) \\).

    Args:
        total: S, in nats.
        num_tokens: n, predicted, at least 1.
        num_characters: c, of the text, or None. The first token of a text is not predicted;
            its characters count nonetheless.

    Example:
        >>> document_score(4 * math.log(2), 2, 8)
        DocumentScore(num_tokens=2, loss=1.386..., perplexity=4.0, bits_per_character=0.5)
    """
    loss = total / num_tokens
    perplexity = math.exp(loss) if loss < 700 else math.inf
    bits = total / math.log(2) / num_characters if num_characters else None
    return DocumentScore(num_tokens, loss, perplexity, bits)


def compile_token_losses(token_losses: TokenLossFn, mesh: Mesh) -> TokenLossFn:
    """Return the function compiled, with its result whole on every host.

    Args:
        token_losses: of the model.
        mesh: of the run.

    Example:
        >>> from attnjax.training.gpt.placement import gpt_mesh
        >>> compiled = compile_token_losses(lambda params, tokens: tokens[:, 1:] * 1.0, gpt_mesh())
        >>> compiled(None, np.array([[1, 2]])).tolist()
        [[2.0]]
    """

    def losses(params: Params, tokens: Int[AnyArray, "B window"]) -> Float[Array, "B context"]:
        return token_losses(fetched(params, mesh), tokens)

    return jax.jit(losses, out_shardings=whole(mesh))


def held_out_totals(
    token_losses: TokenLossFn, params: Params, batches: HeldOutBatches, mesh: Mesh
) -> tuple[Float[np.ndarray, " documents"], Int[np.ndarray, " documents"]]:
    """Return what each document's tokens cost together, and how many they are.

    Args:
        token_losses: of the model, compiled.
        params: the weights.
        batches: of the documents.
        mesh: of the run.

    Returns:
        Nats, summed in float64, and tokens.
    """
    count = len(batches.documents.spans)
    totals, tokens = np.zeros(count), np.zeros(count, np.int64)
    size = batches.batch_size
    rows = own_rows(mesh, size)
    for index in range(len(batches)):
        batch = batches[index]
        losses = token_losses(params, place_rows(batch.tokens[rows], mesh, size))
        # What fills a row behind the end may cost anything, NaN included.
        found = np.where(batch.counted, np.asarray(losses, np.float64), 0.0).sum(axis=1)
        np.add.at(totals, batch.document, found)
        np.add.at(tokens, batch.document, batch.counted.sum(axis=1))
    return totals, tokens


def held_out_scores(
    documents: Documents,
    totals: Float[np.ndarray, " documents"],
    tokens: Int[np.ndarray, " documents"],
) -> dict[str, Any]:
    """Return the scores of all documents together and of each, as the journal has them.

    Args:
        documents: held out.
        totals: what each one's tokens cost together, in nats.
        tokens: how many were predicted of each.

    Returns:
        "loss", "perplexity", "bits_per_character" where it is known, and "documents" with
        the same and "num_tokens" by name; a document without a predicted token is left out
        and named under "without_tokens".

    Example:
        >>> from types import SimpleNamespace
        >>> book = SimpleNamespace(name="emma", start=0, end=3)
        >>> documents = Documents(np.zeros(3, np.uint16), [book])
        >>> held_out_scores(documents, np.array([2.0]), np.array([2]))["loss"]
        1.0
    """
    characters = _characters(documents, tokens)
    together = document_score(
        float(totals.sum()),
        int(tokens.sum()),
        None
        if any(each is None for each in characters)
        else sum(map(int, filter(None, characters))),
    )
    names = [span.name for span in documents.spans]
    each = {
        name: _named(document_score(float(total), int(count), read))
        for name, total, count, read in zip(names, totals, tokens, characters, strict=True)
        if count
    }
    scores = _named(together) | {"documents": each}
    without = [name for name, count in zip(names, tokens, strict=True) if not count]
    return scores | ({"without_tokens": without} if without else {})


def _characters(
    documents: Documents, tokens: Int[np.ndarray, " documents"]
) -> Sequence[int | None]:
    """Return each document's characters; None where unknown, or where not all was read."""
    known = documents.num_characters or {}
    whole = [span.end - span.start - 1 for span in documents.spans]
    return [
        known.get(span.name) if count == all_of_it else None
        for span, count, all_of_it in zip(documents.spans, tokens.tolist(), whole, strict=True)
    ]


def _named(score: DocumentScore) -> dict[str, Any]:
    """Return a score's fields by name, as JSON can have them."""
    named = score._asdict()
    if math.isinf(score.perplexity):
        named["perplexity"] = None
    return {name: value for name, value in named.items() if value is not None}
