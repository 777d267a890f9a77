"""What may be said of models that were trained to be compared."""

import pytest

from attnjax.report.comparisons import Scores, difference_sentence, together, verdict
from attnjax.report.findings_guides import adversary_flaw, guides_findings
from attnjax.report.findings_mass import Hidden, mass_findings
from attnjax.report.findings_planted import contrast_sentences, expectation_sentence
from attnjax.report.findings_seeds import SeedFacts, quantile_sentence, seeds_findings
from attnjax.report.findings_trained import (
    chosen_sentence,
    gap_words,
    norms_sentence,
    trained_findings,
)
from attnjax.report.findings_uniform import POOR_SUBJECT, subject_sentence, uniform_findings
from attnjax.report.numbers import Estimate
from attnjax.report.sweeps import Gap, Norms, Point, Sweep

AHEAD, BEHIND = Estimate(0.05, 0.01, 0.09), Estimate(-0.05, -0.09, -0.01)
CLOSE, OPEN = Estimate(0.004, -0.01, 0.015), Estimate(0.01, -0.03, 0.05)
BARE, UNDEFINED = Estimate(0.05), Estimate(None)
AS_GOOD = "as good"
LEARNT = Scores(Estimate(0.8, 0.7, 0.9), Estimate(0.9, 0.8, 0.95))


def _says(sentences, words):
    return any(words in one for one in sentences)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.001, 0.2, "ahead"), (-0.2, -0.001, "behind"), (0.0, 0.02, "close"), (-0.02, 0.0, "close"),
     (0.0, 0.0, "close"), (0.0, 0.021, "open"), (-0.021, 0.01, "open")],
)  # fmt: skip
def test_an_interval_decides_and_one_that_touches_0_tells_nothing_apart(low, high, expected):
    assert verdict(Estimate((low + high) / 2, low, high)) == expected


def test_an_interval_with_0_is_never_called_as_good_unless_it_is_narrow():
    for one in (OPEN, BARE, UNDEFINED):
        assert AS_GOOD not in difference_sentence("F1", one, "a", "b")
        assert AS_GOOD not in subject_sentence(Scores(one, one))
    assert "leaves room for one as large as 0.050" in difference_sentence("F1", OPEN, "a", "b")
    assert "is unlikely" in difference_sentence("F1", CLOSE, "a", "b")
    assert AS_GOOD in subject_sentence(Scores(CLOSE, CLOSE))
    # One narrow interval does not speak for the other.
    assert AS_GOOD not in subject_sentence(Scores(CLOSE, OPEN))


def test_a_lower_score_is_given_with_its_interval_turned_around():
    sentence = difference_sentence("F1", BEHIND, "a", "b")
    assert sentence == "F1 is lower with a than with b: by 0.050 (95% interval 0.010 to 0.090)."
    assert "undefined" in difference_sentence("F1", UNDEFINED, "a", "b")
    nothing = difference_sentence("F1", Estimate(0.0, 0.0, 0.0), "a", "b")
    assert nothing == "F1 is the same with a and with b, whichever texts are drawn."
    assert "has no interval" in difference_sentence("F1", BARE, "a", "b")


def test_two_scores_that_disagree_are_called_mixed():
    assert together(Scores(AHEAD, BEHIND)) == "mixed"
    assert together(Scores(OPEN, AHEAD)) == "ahead"
    assert together(Scores(BARE, BEHIND)) == "behind"
    assert "contradict" in subject_sentence(Scores(AHEAD, BEHIND))


@pytest.mark.parametrize(
    ("difference", "poor"),
    [(AHEAD, False), (BEHIND, True), (CLOSE, True), (OPEN, True), (BARE, False),
     (UNDEFINED, False)],
)  # fmt: skip
def test_attention_is_a_poor_subject_where_it_was_not_shown_to_help(difference, poor):
    found = uniform_findings(LEARNT, Scores(difference, difference), seeds=8)
    assert _says(found.follows, POOR_SUBJECT) == poor
    assert _says(found.follows, "has a subject here") == (difference is AHEAD)


def test_a_model_that_learnt_nothing_shows_nothing():
    for f1, auc in ((Estimate(0.0), UNDEFINED), (Estimate(0.6), Estimate(0.52, 0.48, 0.56))):
        found = uniform_findings(Scores(f1, auc), Scores(CLOSE, CLOSE), seeds=8)
        assert _says(found.follows, "not shown to do better than chance")
        assert not _says(found.follows, POOR_SUBJECT)


def test_without_auc_the_accuracy_says_whether_a_model_has_learnt():
    scores = Scores(Estimate(0.02, 0.01, 0.03), UNDEFINED)
    for accurate in (False, True):
        found = uniform_findings(scores, Scores(AHEAD, UNDEFINED), seeds=8, accurate=accurate)
        assert _says(found.follows, "not shown to do better than chance") != accurate


def test_a_small_difference_of_one_score_does_not_speak_for_an_undefined_one():
    assert together(Scores(CLOSE, UNDEFINED)) == "open"
    assert AS_GOOD not in subject_sentence(Scores(CLOSE, UNDEFINED))


def test_one_seed_and_wide_intervals_are_caveats():
    found = uniform_findings(LEARNT, Scores(OPEN, OPEN), seeds=1)
    assert _says(found.does_not_follow, "trained once")
    assert _says(found.does_not_follow, "does not make uniform attention as good")
    assert not _says(
        uniform_findings(LEARNT, Scores(AHEAD, AHEAD), seeds=2).does_not_follow, "once"
    )


def test_planted_variants_are_expected_and_then_read_off():
    sparse = Scores(AHEAD, AHEAD)
    assert _says(uniform_findings(LEARNT, sparse, seeds=5, variant="sparse").follows, "It does.")
    mixing = expectation_sentence("sparse", "lstm", lost=False)
    assert mixing is not None
    assert "mixes context" in mixing
    alone = expectation_sentence("sparse", "average", lost=False)
    assert alone is not None
    assert "mixes context" not in alone
    redundant = expectation_sentence("redundant", "average", lost=True)
    assert redundant is not None
    assert redundant.endswith("It does lose here.")
    assert not _says(uniform_findings(LEARNT, sparse, seeds=5, variant="mixed").follows, "corpus")


def test_the_heart_of_the_debate_is_explained_for_the_variant_and_the_encoder():
    for variant in ("sparse", "redundant"):
        average, lstm = (" ".join(contrast_sentences(variant, one)) for one in ("average", "lstm"))
        assert variant in average.split(":")[0]
        assert "reads each token by itself, so how far" in average
        assert "mixes context into its states" in lstm
        assert "heart of the debate" in average
    assert contrast_sentences("", "lstm") == []


FACTS = SeedFacts(seeds=8, close=0.6, large=0.05, median=0.07, epsilon=0.01)


def test_seeds_are_the_yardstick():
    found = seeds_findings(
        Estimate(0.1, 0.08, 0.12), Estimate(0.07, 0.06, 0.08), FACTS,
        {"search": 0.97, "exact": None, "trained": 0.5},
    )  # fmt: skip
    assert _says(found.follows, "0.10 (95% interval 0.08 to 0.12) nats on average")
    assert _says(found.follows, "more than the 0.01 that an adversary may change it by")
    assert _says(found.follows, "the searched adversary lies farther")
    assert _says(found.follows, "the trained adversary lies farther")
    assert not _says(found.follows, "strongest")
    assert _says(found.does_not_follow, "steps of 1 in 8")


def test_a_quantile_has_three_readings():
    texts = [quantile_sentence("it", share) for share in (0.95, 0.94, 0.5)]
    assert "chance in training alone" in texts[0]
    assert "training again goes as far in the others" in texts[1]
    assert "no evidence of an alternative" in texts[2]


def test_one_seed_or_none_that_trained():
    one = seeds_findings(Estimate(0.1), Estimate(0.005), FACTS._replace(seeds=1), {"search": None})
    assert _says(one.follows, "half of the texts;")
    assert not _says(one.follows, "adversary may change")
    assert _says(one.does_not_follow, "One seed is one draw")
    assert not _says(one.does_not_follow, "steps of")
    lost = seeds_findings(UNDEFINED, UNDEFINED, FACTS, {})
    assert lost.follows == ("No text has a seed to compare with.",)


def test_guides_are_read_against_uniform_attention():
    both = {"base": Scores(AHEAD, AHEAD), "adversary": Scores(BEHIND, BEHIND)}
    found = guides_findings(both, seeds=8)
    assert _says(found.follows, "of use to a model which did not learn them")
    assert _says(found.follows, "no alternative account of the texts")
    assert _says(found.follows, "the adversary's do the opposite")
    open_one = guides_findings(both | {"adversary": Scores(OPEN, OPEN)}, seeds=8)
    assert _says(open_one.follows, "the adversary's were not shown to do")
    assert _says(open_one.does_not_follow, "is not shown to be useless")
    copy = guides_findings(both, seeds=8, flaw=adversary_flaw(0.01, 0.02, elsewhere=False))
    assert _says(copy.follows, "because the adversary attends nearly as the base does")
    assert not _says(copy.follows, "no equal alternative")
    assert "another run" in (adversary_flaw(0.4, 0.02, elsewhere=True) or "")
    neither = guides_findings({"base": Scores(OPEN, OPEN)}, seeds=1)
    assert _says(neither.follows, "were not shown to be of use outside")
    assert _says(neither.does_not_follow, "trained once")
    assert guides_findings({}, seeds=8).follows == ()
    mixed = guides_findings({"base": Scores(AHEAD, BEHIND)}, seeds=8)
    assert not _says(mixed.follows, "So the base")


def _sweep(points, chosen, **changes):
    return Sweep(
        lambdas=[10.0**place / 1e4 for place in range(len(points))],
        points=[Point(Estimate(jsd), Estimate(tvd)) for jsd, tvd in points],
        f1=[0.77] * len(points),
        chosen=chosen,
        base_f1=0.78,
        others={},
        gaps={},
        norms=None,
        split="dev",
    )._replace(**changes)


def _trained(sweep, variant=""):
    return trained_findings(sweep, variant=variant, encoder="lstm", epsilon=0.01)


def test_the_chosen_adversary_is_described_as_what_it_is():
    sweep = _sweep([(0.2, 0.01), (0.5, 0.04), (0.6, 0.2)], 1)
    assert "the farthest of those with a mean output change below 0.05" in chosen_sentence(sweep)
    assert "its F1 is 0.770, the base's 0.780" in chosen_sentence(sweep)
    # The choice was made on other texts: what is not true of these is not said.
    assert "farthest" not in chosen_sentence(sweep._replace(chosen=0))
    missed = chosen_sentence(sweep._replace(chosen=2))
    assert "does not predict as the base does here" in missed
    none = chosen_sentence(_sweep([(0.6, 0.1), (0.7, 0.2)], 0))
    assert "No adversary stayed below" in none
    alone = chosen_sentence(_sweep([(0.6, 0.1)], 0))
    assert "No adversary" not in alone
    assert "farthest" not in chosen_sentence(_sweep([(0.6, 0.01)], 0))


@pytest.mark.parametrize(
    ("point", "words"),
    [((0.5, 0.04), "attends very differently"), ((0.2, 0.04), "though not a very different one"),
     ((0.05, 0.04), "found no distant attention"), ((0.6, 0.05), "no trained model that stands")],
)  # fmt: skip
def test_distance_counts_only_with_the_same_predictions(point, words):
    assert _says(_trained(_sweep([point], 0)).follows, words)


def test_others_are_compared_text_by_text_or_not_at_all():
    others = {name: Point(Estimate(0.3), Estimate(0.06)) for name in ("seeds", "search")}
    gaps = {"seeds": Gap(Estimate(0.2, 0.1, 0.3), Estimate(-0.02, -0.03, -0.01))}
    follows = _trained(_sweep([(0.5, 0.04)], 0, others=others, gaps=gaps)).follows
    assert _says(follows, "attention lies farther away, by 0.20 (95% interval 0.10 to 0.30), and")
    assert _says(follows, "output lies nearer, by 0.020 (95% interval 0.010 to 0.030)")
    assert _says(follows, "cannot be compared text by text")
    assert gap_words(Estimate(0.01, -0.1, 0.1), ("a", "b")).startswith("cannot be told apart")


def test_larger_values_can_make_up_for_smaller_weights():
    longer = norms_sentence(Norms(2.0, 1.0), Norms(3.0, 1.1))
    assert "1.5 times as long" in longer
    assert "can make up for smaller weights" in longer
    same = norms_sentence(Norms(2.0, 1.0), Norms(2.0, 1.0))
    assert "do not make up" in same
    # What a token adds decides, whatever the parts are.
    assert "do not make up" in norms_sentence(Norms(2.0, 1.0, 1.0), Norms(4.0, 1.0, 0.9))
    assert norms_sentence(Norms(None, 1.0), Norms(2.0, 1.0)) == ""


def test_diverged_lambdas_are_counted_and_may_be_all():
    lost = (None, None)
    assert _says(_trained(_sweep([(0.5, 0.04), lost], 0)).follows, "1 of 2 λ: no numbers")
    none = _trained(_sweep([lost, lost], None), variant="sparse")
    assert _says(none.follows, "2 of 2 λ")
    assert _says(none.follows, "heart of the debate")
    assert none.does_not_follow == ()


def test_what_can_be_hidden():
    base = Hidden(None, 0.6, 0.8, 0.9)
    options = {"marked": "evidence", "target": 0.01, "encoder": "lstm"}
    kept = mass_findings(base, Hidden(1.0, 0.004, 0.79, 0.9), **options)
    assert _says(kept.follows, "at most the 0.01 that was asked for")
    assert _says(kept.follows, "would think that these tokens played no part")
    assert _says(kept.does_not_follow, "no interval")
    cost = mass_findings(base, Hidden(1.0, 0.004, 0.5, 0.6), **options)
    assert _says(cost.follows, "could not be hidden for free")
    # Every text called positive: F1 is kept, and nothing is known.
    blind = mass_findings(base, Hidden(1.0, 0.004, 0.81, 0.5), **options)
    assert _says(blind.follows, "could not be hidden for free")
    missed = mass_findings(base, Hidden(1.0, 0.2, 0.8, 0.9), **options)
    assert _says(missed.follows, "more than the 0.01 that was asked for")
    assert not _says(missed.follows, "played no part")
    useless = mass_findings(base._replace(f1=0.0), Hidden(1.0, 0.004, 0.2, 0.9), **options)
    assert not _says(useless.follows, "predict")
    assert _says(mass_findings(base, None, **options).follows, "No model has numbers")
