"""Question models written out in NumPy float64, one text at a time and without padding."""

import numpy as np

from tests.models.test_encoders import (
    average_reference,
    convolution_reference,
    lstm_reference,
)

ENCODERS = {
    "lstm": lstm_reference,
    "cnn": convolution_reference,
    "average": average_reference,
}


def question_vector(encoder, states):
    """Last states of an LSTM's directions, largest features of words, or mean over positions."""
    if encoder == "lstm":
        half = states.shape[1] // 2
        return np.array([*states[-1, :half], *states[0, half:]])
    if encoder == "cnn":
        return np.array([max([0.0, *column]) for column in states[1:-1].T])
    return sum(states) / len(states)


def attention_weights(kind, params, states, question):
    """Weights over the words, between start and end."""
    if kind == "uniform":
        scores = np.zeros(len(states))
    elif kind == "dot":
        scores = np.array([state @ question for state in states]) / np.sqrt(len(question))
    else:
        asked = question @ params["question"]["kernel"] + params["question"]["bias"]
        scores = np.array(
            [
                np.tanh(state @ params["hidden"]["kernel"] + params["hidden"]["bias"] + asked)
                @ params["score"]["kernel"][:, 0]
                for state in states
            ]
        )
    weights = np.exp(scores[1:-1] - scores[1:-1].max())
    return np.array([0.0, *(weights / weights.sum()), 0.0])


def answer(encoder, kind, params, *, text, question, candidates, weights=None):
    """Return attention and class distribution of one text and its question.

    `weights` replaces the model's own attention.
    """
    read = ENCODERS[encoder]
    states = read(params["encoder"], params["embedding"]["table"][text])
    asked = question_vector(
        encoder,
        read(params["question_encoder"], params["question_embedding"]["table"][question]),
    )
    if weights is None:
        weights = attention_weights(kind, params["attention"], states, asked)
    context = sum(weight * state for weight, state in zip(weights, states, strict=True))
    decoder = params["decoder"]
    hidden = sum(
        vector @ decoder[name]["kernel"] + decoder[name]["bias"]
        for name, vector in (("context", context), ("question", asked))
    )
    logits = np.tanh(hidden) @ decoder["output"]["kernel"] + decoder["output"]["bias"]
    possible = [
        np.exp(logit) if one else 0.0 for logit, one in zip(logits, candidates, strict=True)
    ]
    return weights, possible / sum(possible)
