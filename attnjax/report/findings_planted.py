"""What planted evidence lets one expect where other models are trained, and what happened.

The contrast of sparse and redundant evidence, and of encoders that mix context and those that
do not, is the heart of the debate between the two papers.
"""

VARIANTS = ("sparse", "redundant")
"""Of the planted corpus, in which the number of clauses that suffice is known."""


def expectation_sentence(variant: str, encoder: str, *, lost: bool) -> str | None:
    """Say what the evidence lets one expect of uniform attention, and what happened.

    Args:
        variant: of the planted corpus, one of `VARIANTS`; else no sentence.
        encoder: of the model.
        lost: whether uniform attention was told apart as worse.

    Example:
        >>> expectation_sentence("redundant", "lstm", lost=False)[-19:]
        'It was not seen to.'
        >>> expectation_sentence("mixed", "lstm", lost=True) is None
        True
    """
    if variant == "sparse":
        words = (
            "The evidence of this corpus is sparse: one clause decides, and a mean over all tokens "
            "dilutes it, so uniform attention should lose. "
        )
        if lost:
            return words + "It does."
        mixes = (
            ": an encoder that mixes context can bring the evidence to every state before the mean "
            "is taken"
            if encoder != "average"
            else ""
        )
        return f"{words}It was not seen to{mixes}."
    if variant == "redundant":
        words = (
            "The evidence of this corpus is redundant: two clauses each suffice, so that a mean "
            "over all tokens still shows it and uniform attention should not lose. "
        )
        return words + ("It does lose here." if lost else "It was not seen to.")
    return None


def contrast_sentences(variant: str, encoder: str) -> list[str]:
    """Explain how planted evidence and encoder decide how far a trained adversary can go.

    Example:
        >>> contrast_sentences("mixed", "lstm")
        []
    """
    if variant not in VARIANTS:
        return []
    mixes = _AVERAGE if encoder == "average" else _MIXING
    return [f"{_EVIDENCE[variant]} {mixes}", _HEART]


_EVIDENCE = {
    "sparse": (
        "The evidence of this corpus is sparse: one clause decides. A model that reads each token "
        "by itself can predict as the base does only by weighing that clause, so its attention is "
        "bound to the evidence. Where a second clause suffices as well (the redundant variant), "
        "weight can move from one to the other at no cost."
    ),
    "redundant": (
        "The evidence of this corpus is redundant: two clauses each suffice. Weight can move from "
        "one to the other at no cost, so an adversary has somewhere to go even where every weight "
        "is honest. Where one clause decides (the sparse variant), a model that reads each token "
        "by itself is bound to it."
    ),
}

_AVERAGE = (
    "This encoder reads each token by itself, so how far its adversary lies, here and in a run on "
    "the other variant, shows what the evidence allows."
)

_MIXING = (
    "This encoder mixes context into its states, so the evidence can be read at other positions "
    "too: an adversary can lean on them without losing it, and may get far on either variant, "
    "where one that reads each token by itself gets hardly anywhere on the sparse one."
)

_HEART = (
    "That is the heart of the debate: whether other weights are another explanation depends on "
    "what the weighed states hold. Where every state holds the evidence, a distant adversary shows "
    "that attention was free to move, not that the prediction has another reason."
)
