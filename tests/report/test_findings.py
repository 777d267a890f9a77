"""Each rule says what its numbers allow, in every branch, and no more."""

import numpy as np
import pytest

from attnjax.report.findings import Level, level_of, performance_findings
from attnjax.report.findings_agreement import (
    agreement_caveat,
    classes_sentence,
    encoder_sentence,
    level_sentence,
    random_findings,
    random_sentence,
    significance_sentence,
    undefined_sentence,
    yardstick_findings,
    yardstick_sentence,
)
from attnjax.report.findings_change import (
    AdversaryFacts,
    Peaked,
    adversary_findings,
    permutation_findings,
    trend_sentence,
)
from attnjax.report.findings_evidence import control_findings, recovery_findings
from attnjax.report.numbers import Estimate

ABOVE, BELOW, AROUND = (
    Estimate(0.3, 0.2, 0.4, 50),
    Estimate(-0.3, -0.4, -0.2, 50),
    Estimate(0.01, -0.05, 0.07, 50),
)


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [(0.8, "It has learnt"), (0.5, "cannot be told apart"), (0.2, "does worse")],
)
def test_accuracy_against_the_most_frequent_class(accuracy, words):
    found = performance_findings(accuracy, 400, Level(0.5), 0.0, uniform_run=False)
    assert words in found.follows[0]
    assert len(found.follows) == 1


def test_with_few_possible_answers_the_level_is_that_of_guessing_among_them():
    # 60 answers of a name each, two to four possible: the most frequent name is rare.
    level = level_of(1 / 60, np.array([2, 2, 4, 4]))
    found = performance_findings(0.4, 400, level, 0.0, uniform_run=True).follows[0]
    assert "guessing among the possible answers would be right in 38%" in found
    assert "It has learnt" not in found
    by_majority = performance_findings(0.4, 400, Level(1 / 60), 0.0, uniform_run=True)
    assert "It has learnt" in by_majority.follows[0]


def test_saturation_is_mentioned_where_it_is_common():
    assert "30%" in performance_findings(0.8, 400, Level(0.5), 0.3, uniform_run=False).follows[1]


def test_uniform_attention_is_called_untested_only_where_it_is():
    assert performance_findings(0.8, 400, Level(0.5), 0.0, uniform_run=True).does_not_follow == ()
    assert performance_findings(None, 0, Level(0.5), 0.0, uniform_run=False).follows == ()


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        (ABOVE, "about 65% of the pairs"),
        (BELOW, "only about 35% of the pairs"),
        (AROUND, "no agreement on average was shown"),
        (Estimate(None, None, None, 0), "No instance has a defined tau"),
        (Estimate(0.3), "Without an interval"),
    ],
)
def test_level_of_a_mean_tau(mean, words):
    assert words in level_sentence("attention", "the gradient", mean)


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (ABOVE, "agree with each other more than attention agrees with leave-one-out"),
        (BELOW, "Attention agrees with leave-one-out more than"),
        (AROUND, "was not shown to differ"),
        (None, "no tau can be called high or low"),
    ],
)
def test_attention_against_the_yardstick(gap, words):
    assert words in yardstick_sentence("leave-one-out", gap)


@pytest.mark.parametrize(
    ("gap", "words"),
    [(ABOVE, "more than random"), (BELOW, "less than random"), (AROUND, "not shown to agree")],
)
def test_attention_against_random_scores(gap, words):
    sentence = random_sentence(gap)
    assert sentence is not None
    assert words in sentence
    assert random_sentence(None) is None


def test_significance_names_the_tau_needed_at_the_runs_length():
    # PAPERS.md, C: about .49 at 10 tokens and .098 at 180; exactly, 10 tokens need .511.
    sentence = significance_sentence(0.48, 10)
    assert sentence is not None
    assert "48%" in sentence
    assert "about 0.51" in sentence
    short = significance_sentence(0.0, 3)
    assert short is not None
    assert "no tau can reach it" in short
    assert significance_sentence(None, 10) is None


def test_undefined_taus_are_counted():
    assert "1 instance is left out of the mean of the other 9" in undefined_sentence(9, 1)
    assert "2 instances are left out" in undefined_sentence(9, 2)


def test_classes_differ_only_where_intervals_do_not_overlap():
    apart = {"a": Estimate(0.1, 0.0, 0.2, 50), "b": Estimate(0.6, 0.5, 0.7, 50), "c": AROUND}
    sentence = classes_sentence(apart)
    assert sentence is not None
    assert "“b”" in sentence
    assert classes_sentence({"a": ABOVE, "b": Estimate(0.39, 0.35, 0.5, 50)}) is None
    assert classes_sentence({"a": ABOVE}) is None
    assert classes_sentence({"a": ABOVE, "b": Estimate(None)}) is None


def test_a_class_of_few_instances_is_not_said_to_differ():
    few, rest = Estimate(0.62, 0.62, 0.62, 9), Estimate(-0.3, -0.4, -0.2, 50)
    assert classes_sentence({"few": few, "rest": rest}) is None
    assert classes_sentence({"few": few._replace(n=10), "rest": rest}) is not None


def test_classes_that_differ_are_found_even_if_means_are_not_extreme():
    # The widest interval has the largest mean, and overlaps all others.
    wide = Estimate(0.7, 0.0, 1.4, 50)
    sentence = classes_sentence({"wide": wide, "a": Estimate(0.1, 0.0, 0.2, 50), "b": ABOVE})
    assert sentence is None
    sentence = classes_sentence(
        {"wide": wide, "a": Estimate(0.1, 0.0, 0.2, 50), "b": Estimate(0.6, 0.5, 0.7, 50)}
    )
    assert sentence is not None
    assert "“a”" in sentence
    assert "“b”" in sentence


def test_context_is_blamed_only_on_encoders_that_mix_it():
    assert "mixes neighbouring words" in str(encoder_sentence("lstm", "the gradient"))
    assert "mixes neighbouring words" in str(encoder_sentence("cnn", "the gradient"))
    assert "one word alone" in str(encoder_sentence("average", "the gradient"))
    assert "every state that a GPT weighs" in str(encoder_sentence("gpt", "the gradient"))
    assert encoder_sentence("one of your own", "the gradient") is None


def test_caveat_follows_the_level():
    assert agreement_caveat("the gradient", Estimate(0.6)).startswith("High")
    assert agreement_caveat("the gradient", Estimate(0.3)).startswith("Low")


def test_yardstick_high_low_and_between():
    high = yardstick_findings(Estimate(0.7, 0.65, 0.75)).follows
    low = yardstick_findings(Estimate(0.1, 0.05, 0.2)).follows
    between = yardstick_findings(Estimate(0.5, 0.4, 0.61)).follows
    assert "above 0.6" in high[-1]
    assert "below 0.3" in low[-1]
    assert len(between) == 1


def test_random_baseline():
    assert "as it should be" in random_findings(AROUND, 0.04).follows[0]
    assert "misses" in random_findings(ABOVE, 0.04).follows[0]
    assert "No instance" in random_findings(Estimate(None), None).follows[0]


def _bins(*medians, n=50):
    return [
        {"low": index / 4, "high": (index + 1) / 4, "n": n, "median": median}
        for index, median in enumerate(medians)
    ]


def _permutation(**changes):
    given = {
        "median": 0.1,
        "small": 0.3,
        "peaked": Peaked(20, 1),
        "bins": _bins(0.1, 0.2),
        "sure": 0.0,
        "encoder": "lstm",
    }
    return permutation_findings(Estimate(0.2, 0.1, 0.3, 80), **(given | changes))


@pytest.mark.parametrize(
    ("small", "words"),
    [
        (0.6, "For most instances"),
        (0.3, "For a part"),
        (0.01, "For nearly all"),
        (0.0, "the output never changes"),
    ],
)
def test_share_of_small_changes(small, words):
    assert words in _permutation(small=small).follows[1]


def test_peaked_instances_are_counted_where_there_are_any():
    assert "1 (5%) changes" in _permutation().follows[3]
    assert "2 (10%) change " in _permutation(peaked=Peaked(20, 2)).follows[3]
    assert "on one token, none change by" in _permutation(peaked=Peaked(20, 0)).follows[3]
    assert len(_permutation(peaked=Peaked(0, 0)).follows) == 3


def test_caveats_of_the_permutation_need_their_condition():
    assert not any("small change" in one for one in _permutation(small=0.0).does_not_follow)
    assert not any("large change" in one for one in _permutation(small=1.0).does_not_follow)
    assert any("saturated (40%" in one for one in _permutation(sure=0.4).does_not_follow)
    nothing_small = _permutation(sure=0.4, small=0.0).does_not_follow
    assert not any("saturated" in one for one in nothing_small)
    assert "one word each" in _permutation(encoder="average").does_not_follow[0]


@pytest.mark.parametrize(
    ("medians", "words"),
    [
        (
            (0.1, 0.2, 0.3),
            "rises with the maximum attention, from 0.10 (0 to 0.25) to 0.30 (0.5 to 0.75)",
        ),
        ((0.3, 0.2), "falls"),
        ((0.1, 0.3, 0.2), "does not move in one direction"),
        ((0.1, 0.1), "the same"),
    ],
)
def test_trend_over_the_maximum_attention(medians, words):
    assert words in str(trend_sentence(_bins(*medians)))


def test_tiny_bins_make_no_trend():
    assert trend_sentence(_bins(0.1, 0.2, n=9)) is None


FACTS = AdversaryFacts(
    n=100, large=0.6, found=1.0, flipped=0, peaked=Peaked(0, 0), limit=0.01, aim=0.01, epsilon=0.01
)


def _adversary(sure=0.0, **changes):
    return adversary_findings(
        Estimate(0.4, 0.3, 0.5, 100),
        FACTS._replace(**changes),
        candidates=5,
        steps=500,
        sure=sure,
    )


@pytest.mark.parametrize(
    ("large", "words"),
    [
        (0.6, "For most"),
        (0.2, "For a part"),
        (0.01, "few instances or none"),
        (0.0, "or none: in 0%"),
    ],
)
def test_share_of_distant_adversaries(large, words):
    assert words in _adversary(large=large).follows[0]


def test_without_a_distant_adversary_nothing_is_said_about_one():
    found = _adversary(large=0.0)
    assert not any("not the only ones" in one for one in found.follows)
    assert not any("Nor does a distant" in one for one in found.does_not_follow)
    assert any("not the only ones" in one for one in _adversary().follows)


def test_existence_is_never_called_exclusivity():
    for found in (_adversary(), _adversary(large=0.0)):
        assert "Wiegreffe & Pinter" in found.does_not_follow[0]
        assert "lower bound" in found.does_not_follow[1]


def test_what_the_search_did_is_said():
    assert any("accepted up to 0.05" in one for one in _adversary(limit=0.05).follows)
    assert not any("accepted up to" in one for one in _adversary().follows)
    assert any("For 10% of the instances no other" in one for one in _adversary(found=0.9).follows)
    assert any("In 3 instances the predicted class" in one for one in _adversary(flipped=3).follows)
    assert any("1 (25%) has such" in one for one in _adversary(peaked=Peaked(4, 1)).follows)
    assert any("saturated" in one for one in _adversary(sure=0.5).does_not_follow)


@pytest.mark.parametrize(
    ("attention", "words"),
    [
        (Estimate(0.8, 0.7, 0.9), "better than a random ranking"),
        (Estimate(0.3, 0.2, 0.35), "not shown to find"),
        (Estimate(0.1, 0.05, 0.2), "worse than a random ranking"),
    ],
)
def test_recovery_against_chance(attention, words):
    gaps = {"the gradient": ABOVE, "leave-one-out": BELOW, "nothing": None}
    found = recovery_findings(attention, 0.33, Estimate(0.5), gaps)
    assert words in found.follows[0]
    assert "better than the gradient" in found.follows[2]
    assert "less well than leave-one-out" in found.follows[3]
    assert len(found.follows) == 4


def test_recovery_without_a_difference_or_a_level():
    found = recovery_findings(Estimate(0.5), None, Estimate(None), {"the gradient": AROUND})
    assert "nothing more can be said" in found.follows[0]
    assert "not shown to differ" in found.follows[1]


def test_controls_can_pass_and_fail():
    good = control_findings(0.97, 0.34, 0.33).follows
    bad = control_findings(0.80, 0.50, 0.33).follows
    assert "recognises" in good[0]
    assert "does not reward noise" in good[1]
    assert "less than 0.95" in bad[0]
    assert "more than 0.05 above chance" in bad[1]
    assert control_findings(None, None, None).follows == ()
