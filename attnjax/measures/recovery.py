"""How well a ranking of tokens recovers the tokens that are known to matter.

Scores are compared by rank alone; give absolute values where the sign carries no meaning.
Each function takes one text, of any length. Where a text has no evidence the value is NaN.
"""

import numpy as np
from jaxtyping import Bool, Float


def average_precision(scores: Float[np.ndarray, " L"], evidence: Bool[np.ndarray, " L"]) -> float:
    r"""Return the area under the precision-recall curve, as a step function.

    \\( \frac{1}{k} \sum_{i \in \mathrm{evidence}}
    \frac{|\{j \in \mathrm{evidence}: s_j \ge s_i\}|}{|\{j: s_j \ge s_i\}|} \\) for k
    evidence tokens: each evidence token counts with the precision at its own score, tied
    tokens entering together.

    Args:
        scores: importance of every token; larger is more important.
        evidence: the tokens that matter.

    Returns:
        A share in (0, 1]; `chance_level` is what a random ranking gets on average. NaN
        without evidence or where a score is NaN.

    Source: the definition of `sklearn.metrics.average_precision_score`; as a measure of
    explanations, DeYoung et al. (2020), ERASER, section 4.

    Example:
        >>> import numpy as np
        >>> scores = np.array([0.4, 0.3, 0.2, 0.1])
        >>> average_precision(scores, np.array([True, False, False, True]))
        0.75
    """
    if _undefined(scores, evidence):
        return float("nan")
    ascending, ascending_evidence = np.sort(scores), np.sort(scores[evidence])
    at = scores[evidence]
    selected = len(ascending) - np.searchsorted(ascending, at)
    found = len(at) - np.searchsorted(ascending_evidence, at)
    return float(np.mean(found / selected))


def precision_at_evidence(
    scores: Float[np.ndarray, " L"], evidence: Bool[np.ndarray, " L"]
) -> float:
    r"""Return the share of evidence among the k best-scored tokens, k the evidence tokens.

    Where tokens are tied at the k-th place the expected share over all ways to break the
    tie: with g tokens tied there, e of them evidence, and r places left for them, they
    contribute \\( r e / g \\) hits. Breaking ties by position would reward evidence for
    standing early.

    Args:
        scores: importance of every token; larger is more important.
        evidence: the tokens that matter.

    Returns:
        A share in [0, 1]; a random ranking gets `evidence_share`. NaN without evidence or
        where a score is NaN.

    Source: R-precision, Manning et al. (2008), Introduction to Information Retrieval,
    section 8.4; expected over ties as in McSherry & Najork (2008).

    Example:
        >>> import numpy as np
        >>> precision_at_evidence(np.array([0.9, 0.1, 0.1]), np.array([True, True, False]))
        0.75
    """
    if _undefined(scores, evidence):
        return float("nan")
    places = int(evidence.sum())
    threshold = np.sort(scores)[-places]
    above, tied = scores > threshold, scores == threshold
    left = places - above.sum()
    hits = evidence[above].sum() + left * evidence[tied].sum() / tied.sum()
    return float(hits / places)


def chance_level(evidence: Bool[np.ndarray, " L"]) -> float:
    r"""Return the average precision that a random ranking of a text has on average.

    \\( \frac1n \left( H_n + \frac{k - 1}{n - 1} (n - H_n) \right) \\) with n tokens, k of
    them evidence, and \\( H_n = \sum_{r=1}^n 1/r \\). In short texts this is well above
    the share k / n to which it tends: for 2 of 12 tokens it is 0.33, not 0.17.

    Args:
        evidence: the tokens that matter.

    Returns:
        A share in (0, 1]; NaN without evidence.

    Source: Bestgen (2015), Exact expected average precision of the random baseline for
    system evaluation.

    Example:
        >>> import numpy as np
        >>> chance_level(np.array([True, False]))
        0.75
    """
    n, places = len(evidence), int(np.sum(evidence))
    if places == 0:
        return float("nan")
    harmonic = float(np.sum(1 / np.arange(1, n + 1)))
    return (harmonic + (places - 1) / max(1, n - 1) * (n - harmonic)) / n


def evidence_share(evidence: Bool[np.ndarray, " L"]) -> float:
    r"""Return the share k / n of evidence tokens: `precision_at_evidence` of a random ranking.

    Args:
        evidence: the tokens that matter.

    Returns:
        A share in (0, 1]; NaN without evidence.

    Example:
        >>> import numpy as np
        >>> evidence_share(np.array([True, False]))
        0.5
    """
    return float(np.mean(evidence)) if np.any(evidence) else float("nan")


def _undefined(scores: np.ndarray, evidence: np.ndarray) -> bool:
    return not np.any(evidence) or bool(np.any(np.isnan(scores)))
