"""Brute force in float64 for the adversaries of two-class models, from the definitions."""

from itertools import combinations

import numpy as np
from scipy.special import expit, xlogy


def divergence_of(weight, own):
    """What tokens add to twice the divergence, above that of a weight of 0."""
    return xlogy(weight, weight) + xlogy(own, own) - xlogy(weight + own, weight + own)


def slab_of(own, value, bias, epsilon):
    """Offsets of the tokens, and the interval that the move of the logit must stay in."""
    offset = value - own @ value
    offset -= own @ offset
    p, rest = expit(own @ value + bias), expit(-(own @ value + bias))
    low = -np.inf if epsilon >= p else -(np.log1p(epsilon / rest) - np.log1p(-epsilon / p))
    high = np.inf if epsilon >= rest else np.log1p(epsilon / p) - np.log1p(-epsilon / rest)
    return offset, low, high


def largest_under_cap(own, value, bias, epsilon, cap):
    """The largest divergence over all vertices of simplex, cap and slab; -inf if there is none.

    A vertex has at most two weights strictly between 0 and the cap: every set of full tokens is
    tried with every pair (and every single token) that takes what is left.
    """
    offset, low, high = slab_of(own, value, bias, epsilon)
    best, count = -np.inf, len(own)
    for num_full in range(int(1 / cap + 1e-9) + 1):
        left = 1 - num_full * cap
        if num_full > count or left > 2 * cap + 1e-12:
            continue
        for full in map(list, combinations(range(count), num_full)):
            start, worth = cap * offset[full].sum(), divergence_of(cap, own[full]).sum()
            if left < 1e-12:
                best = max(best, worth if low <= start <= high else -np.inf)
                continue
            rest = [i for i in range(count) if i not in full]
            ends = (low - start, high - start)
            best = max(best, worth + _largest_rest(own[rest], offset[rest], left, cap, ends))
    return np.log(2) + best / 2


def _largest_rest(own, offset, left, cap, ends):
    """The most that one or two tokens add with the weight that is left."""
    best = -np.inf
    for i in range(len(own)):
        if left <= cap + 1e-12 and ends[0] <= left * offset[i] <= ends[1]:
            best = max(best, divergence_of(left, own[i]))
        for j in range(i):
            for end in filter(np.isfinite, ends if offset[i] != offset[j] else ()):
                one = (end - left * offset[j]) / (offset[i] - offset[j])
                pair = np.array([one, left - one])
                if np.all((pair >= 0) & (pair <= cap)):
                    best = max(best, divergence_of(pair, own[[i, j]]).sum())
    return best
