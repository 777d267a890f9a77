"""The BiLSTM classifier with additive attention in PyTorch, and its batches of texts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PAPER_BATCH = 32
"""Instances of a batch in Jain & Wallace (2019)."""

TUNED_TEXTS = 256
"""Texts of equal length that are encoded at a time."""

TUNED_POSITIONS = 2**14
"""Positions (texts x length) that are encoded at a time, at most."""

NAMES = {
    "encoder.embedding.": "embedding.",
    "encoder.rnn.": "encoder.",
    "decoder.attention.attn1.": "hidden.",
    "decoder.attention.attn2.": "score.",
    "decoder.linear_1.": "decoder.",
}
"""From the names of the weights' file to those of the modules below."""


class TextBatch(NamedTuple):
    """Some texts, padded to the longest of them.

    Attributes:
        rows: their positions in the list of texts.
        token_ids: `[B, L]`, padded with 0.
        lengths: `[B]`, start and end included.
        padded: whether some may be shorter than L; the encoder then packs them.
    """

    rows: Tensor
    token_ids: Tensor
    lengths: Tensor
    padded: bool = True

    @property
    def attendable(self) -> Tensor:
        """Real tokens: not start, end or padding."""
        where = torch.arange(self.token_ids.shape[1])
        return (where > 0) & (where < self.lengths[:, None] - 1)


class BiLstmClassifier(nn.Module):
    """Embeddings, one BiLSTM layer, additive attention over its states, a linear decoder.

    Args:
        vocabulary_size: rows of the embedding table.
        embedding_size: width of an embedding.
        hidden_size: units of each direction.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int) -> None:
        super().__init__()
        width = 2 * hidden_size
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.encoder = nn.LSTM(embedding_size, hidden_size, batch_first=True, bidirectional=True)
        self.hidden = nn.Linear(width, width // 2)
        self.score = nn.Linear(width // 2, 1, bias=False)
        self.decoder = nn.Linear(width, 1)

    def encode(self, embeddings: Tensor, batch: TextBatch) -> Tensor:
        """Return the states `[B, L, D]`, zero at padding."""
        if not batch.padded:
            # PyTorch has a fused kernel for texts of one length.
            return self.encoder(embeddings)[0]
        packed = pack_padded_sequence(
            embeddings, batch.lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(
            self.encoder(packed)[0], batch_first=True, total_length=embeddings.shape[1]
        )
        return states

    def attend(self, states: Tensor, attendable: Tensor) -> Tensor:
        """Return the model's own attention `[B, L]`."""
        scores = self.score(torch.tanh(self.hidden(states)))[..., 0]
        return scores.masked_fill(~attendable, -torch.inf).softmax(dim=-1)

    def decode(self, states: Tensor, attention: Tensor) -> Tensor:
        """Return P(positive) `[B, K]` under K attentions `[B, K, L]` of each text."""
        return torch.sigmoid(self.decoder(torch.bmm(attention, states))[..., 0])

    def values(self, states: Tensor) -> Tensor:
        """Return what a weight of 1 on each position adds to the logit, `[B, L]`."""
        return (states @ self.decoder.weight[0][:, None])[..., 0]

    def forward(self, batch: TextBatch) -> Tensor:
        """Return P(positive) `[B]`."""
        states = self.encode(self.embedding(batch.token_ids), batch)
        return self.decode(states, self.attend(states, batch.attendable)[:, None])[:, 0]


def classifier_from(state: Mapping[str, np.ndarray]) -> BiLstmClassifier:
    """Return the classifier with the weights of a state dict, none of them to be trained."""
    vocabulary_size, embedding_size = state["encoder.embedding.weight"].shape
    hidden_size = state["encoder.rnn.weight_hh_l0"].shape[1]
    model = BiLstmClassifier(vocabulary_size, embedding_size, hidden_size)
    model.load_state_dict({_renamed(name): torch.tensor(array) for name, array in state.items()})
    return model.requires_grad_(False)


def _renamed(name: str) -> str:
    for theirs, ours in NAMES.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    raise ValueError(f"{name}: no array of a BiLSTM with additive attention")


def state_of(model: BiLstmClassifier) -> dict[str, np.ndarray]:
    """Return the weights under the names of the file that they came from."""
    found = {}
    for name, tensor in model.state_dict().items():
        theirs = next(old for old, new in NAMES.items() if name.startswith(new))
        found[theirs + name.removeprefix(NAMES[theirs])] = tensor.numpy()
    return found


def make_batch(texts: Sequence[np.ndarray], rows: Sequence[int]) -> TextBatch:
    """Return the texts of the given positions as one padded batch."""
    chosen = [torch.from_numpy(texts[row]).long() for row in rows]
    lengths = torch.tensor([len(ids) for ids in chosen])
    return TextBatch(torch.tensor(rows), pad_sequence(chosen, batch_first=True), lengths)


def sorted_batches(texts: Sequence[np.ndarray], size: int = PAPER_BATCH) -> Iterator[TextBatch]:
    """Yield all texts in batches of a fixed size, sorted by length so that little is padded."""
    order = np.argsort([len(ids) for ids in texts], kind="stable").tolist()
    for begin in range(0, len(order), size):
        yield make_batch(texts, order[begin : begin + size])


def equal_length_batches(
    texts: Sequence[np.ndarray], most: int = TUNED_TEXTS
) -> Iterator[TextBatch]:
    """Yield all texts in batches of one length each, so that nothing is padded at all."""
    all_lengths = np.array([len(ids) for ids in texts])
    for length in np.unique(all_lengths).tolist():
        rows = np.flatnonzero(all_lengths == length)
        size = max(1, min(most, TUNED_POSITIONS // length))
        for begin in range(0, len(rows), size):
            part = rows[begin : begin + size]
            token_ids = torch.from_numpy(np.stack([texts[row] for row in part])).long()
            lengths = torch.full((len(part),), length)
            yield TextBatch(torch.from_numpy(part), token_ids, lengths, padded=False)
