"""What is said of the strongest adversary is what its numbers allow, and no more."""

import re

import numpy as np
import pytest

from attnjax.report.figures_exact import SearchMark, exact_curve
from attnjax.report.findings_change import Peaked
from attnjax.report.findings_exact import (
    ExactFacts,
    curve_sentence,
    exact_findings,
    search_sentence,
)
from attnjax.report.numbers import Estimate
from attnjax.report.style import house_style

FACTS = ExactFacts(
    n=100, epsilon=0.01, large=0.6, close=0.1, free=0.0, still=0.0, both=0.2,
    peaked=Peaked(20, 5), uncertified=0, single=0,
)  # fmt: skip
CURVE = [{"epsilon": 0.001, "mean": 0.2}, {"epsilon": 0.5, "mean": 0.6}]


def _exact(sure=0.0, beside=None, curve=CURVE, **changes):
    return exact_findings(
        Estimate(0.5, 0.4, 0.6, 100),
        Estimate(0.3, 0.2, 0.4, 100),
        FACTS._replace(**changes),
        curve=curve,
        beside=beside,
        sure=sure,
    )


def _says(sentences, words):
    return any(words in one for one in sentences)


@pytest.mark.parametrize(
    ("large", "words"),
    [(0.6, "Most instances have"), (0.2, "A part of"), (0.01, "Few instances"), (0.0, "in 0%")],
)
def test_share_with_a_very_different_attention(large, words):
    assert words in _exact(large=large).follows[0]


def test_only_certified_values_are_called_maxima():
    assert _says(_exact().follows, "certified maxima, up to rounding, for every instance")
    some = _exact(uncertified=3).follows
    assert _says(some, "For 3 instances the values are not certified")
    assert not _says(some, "for every instance")


def test_close_instances_are_of_several_tokens():
    assert _says(_exact().follows, "In 10% of the instances not even")
    some = _exact(single=4)
    assert _says(some.follows, "In 10% of the texts of several tokens not even")
    assert _says(some.follows, "Texts of one token (4)")
    assert _says(some.does_not_follow, "the output layer needs such weights")
    none = _exact(close=0.0)
    assert not _says(none.follows, "not even")
    assert not _says(none.does_not_follow, "needs such weights")


def test_where_attention_cannot_move_the_output_distance_says_little():
    free = _exact(free=0.4, still=0.5)
    assert _says(free.follows, "in 50% of the instances it is below 0.05")
    assert _says(free.does_not_follow, "In 40% of the instances no attention at all moves")
    assert not _says(_exact().does_not_follow, "no attention at all")
    assert _says(_exact().follows, "and 0.05 or more in every instance")


def test_sentences_need_their_condition():
    assert _says(_exact().follows, "In 20% of the instances both hold")
    assert not _says(_exact(both=0.0).follows, "both hold")
    assert _says(_exact().follows, "5 (25%) have a strongest adversary")
    assert not _says(_exact(peaked=Peaked(0, 0)).follows, "at least 0.75")
    assert _says(_exact(sure=0.9).does_not_follow, "saturated")
    assert not _says(_exact(sure=0.9, large=0.0).does_not_follow, "saturated")
    assert _says(_exact(beside="The search.").follows, "The search.")
    assert not _says(_exact(curve=CURVE[:1]).follows, "From ε")
    assert _says(_exact().does_not_follow, "Wiegreffe & Pinter")


def test_nothing_is_claimed_of_texts_of_one_token_alone():
    found = _exact(single=100)
    assert found.follows == (
        "Every text has one token, so this test says nothing about the model: no attention but "
        "its own exists.",
    )
    assert found.does_not_follow == ()


def test_curve_and_search_in_words():
    assert "rises from 0.20 to 0.60" in curve_sentence(CURVE)
    flat = [{"epsilon": 0.1, "mean": 0.693}, {"epsilon": 1.0, "mean": 0.693}]
    assert "stays at 0.69 nats" in curve_sentence(flat)
    near = search_sentence(0.985, 0.9, compared=7, limit=0.05)
    assert near is not None
    assert near.endswith("up to 0.05), and at least 97% of it in 90% of the instances.")
    assert "looks like robustness" in str(search_sentence(0.8, 0.1, compared=7, limit=0.01))
    assert search_sentence(None, None, compared=0, limit=0.01) is None


def _curve(epsilons):
    return [
        {
            "epsilon": one,
            "mean": 0.4,
            "q05": 0.1,
            "q25": 0.2,
            "median": 0.5,
            "q75": 0.6,
            "q95": 0.69,
        }
        for one in epsilons
    ]


@pytest.mark.parametrize("epsilons", [(0.001, 0.01, 0.5), (0.01,), (0.01, 0.011), (1e-5, 0.01, 1)])
def test_the_curve_can_be_drawn_and_marks_run_and_search(epsilons):
    with house_style():
        drawing = exact_curve(_curve(epsilons), epsilon=0.01, search=SearchMark(0.01, 0.3))
        alone = exact_curve(_curve(epsilons), epsilon=0.01, search=None)
    assert "mean of the search" in drawing.inline
    assert "search" not in alone.inline
    assert "Diamond" not in alone.caption
    assert "epsilon 0.01: mean 0.40, 0.10 to 0.69" in drawing.inline
    # The axis names the run's own epsilon, and no power that only a formula could show.
    assert re.search(r">0\.01<", drawing.inline)
    assert "mathdefault" not in drawing.inline


def test_the_axis_is_logarithmic():
    with house_style():
        drawing = exact_curve(_curve((0.001, 0.01, 0.1, 1.0)), epsilon=0.01, search=None)
    lines = re.findall(r'<path d="([^"]*)"[^>]*stroke: #0072b2; stroke-width: 1.8', drawing.inline)
    # The one of four points: the other is the legend's.
    [line] = [one for one in lines if one.count("L") == 3]
    places = [float(one) for one in re.findall(r"[ML] ([\d.]+) ", line)]
    np.testing.assert_allclose(np.diff(places, 2), 0, atol=0.01)
