"""The page of a fine-tuning, from made-up results: what it says of which numbers."""

import pytest

from attnjax.report.gpt.findings_tasks import (
    ablation_findings,
    layer_findings,
    part_sentence,
    task_findings,
)
from attnjax.report.gpt.findings_zero_shot import zero_shot_findings
from attnjax.report.gpt.fine_tuning import outcome, render, report_sections
from attnjax.report.numbers import MISSING, Estimate
from attnjax.report.style import house_style


def score(mean, low=None, high=None, std=0.01, n=5):
    ends = None if low is None else [low, high]
    return {"mean": mean, "std": std, "ci95": ends, "n": n, "undefined": 0}


def variant(name, mean, difference=None, seeds=5):
    one = {
        "name": name,
        "metric": "accuracy",
        "scores": {"accuracy": score(mean, mean and mean - 0.02, mean and mean + 0.02)},
        "seeds": [{"seed": seed, "accuracy": mean} for seed in range(seeds)],
    }
    if difference is not None:
        value, low, high = difference
        listed = [value] * seeds
        found = {"mean": value, "ci95": None if low is None else [low, high]}
        one["difference"] = {"accuracy": found | {"differences": listed}}
    return one


def results(**tests):
    return {
        "dataset": {
            "name": "sst2",
            "splits": {"train": 90, "dev": 10, "test": 50},
            "dropped": {"no <label>": 7, "blank line": 0},
            "truncated": {"train": {"texts cut to the context": 3, "tokens cut off": 40}},
            "notes": ["A part of <SST-2>."],
            "left_out_by_limit": {"train": 12, "test": 0},
        },
        "model": {
            "layers": 2,
            "heads": 2,
            "width": 16,
            "lstm_units": 0,
            "parameters": 1234,
            "start": "runs/<one>",
            "start_steps": 50,
            "tokenizer": {"pipeline": "original", "vocabulary": "abc"},
        },
        "tests": tests,
    }


def fine_tuning(mean, low, high, least=0.5):
    return {
        "task": "sst2",
        "metric": "accuracy",
        "scores": {"accuracy": score(mean, low, high)},
        "seeds": [{"seed": 0, "accuracy": mean}],
        "without_learning": {"accuracy": least},
        "num_test": 50,
        "others": {"dev": [{"seed": 0, "accuracy": None}]},
    }


RECORD = {
    "config": {
        "seed": 3,
        "gpt": {"mode": "exact", "width": 768},
        "fine_tuning": {"seeds": 5, "epochs": 3},
    },
    "packages": {"jax": "1"},
    "device": "1 x cpu",
    "command": "python train.py",
}


def analysis(*variants, **more):
    return {"metric": "accuracy", "task": "sst2", "variants": list(variants), **more}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.55, 0.65, "are of use"), (0.45, 0.65, "cannot be told apart"), (0.3, 0.45, "worse than")],
)
def test_a_score_is_read_beside_knowing_nothing(low, high, said):
    assert said in task_findings(fine_tuning((low + high) / 2, low, high)).follows[1]


def test_each_part_gets_the_sentence_of_its_interval():
    found = ablation_findings(
        analysis(
            variant("fine_tune", 0.9),
            variant("no_pretraining", 0.8, (-0.1, -0.12, -0.08)),
            variant("no_auxiliary", 0.91, (0.01, 0.002, 0.018)),
            variant("lstm", 0.89, (-0.01, -0.03, 0.01)),
        )
    )
    assert [sentence.split(":")[0] for sentence in found.follows] == [
        "Without pre-training accuracy is lower",
        "Without the auxiliary loss accuracy is higher",
        "With an LSTM for the transformer accuracy cannot be told apart from the full model's",
    ]
    assert "by 0.100 (95% interval 0.080 to 0.120)" in found.follows[0]


def test_one_seed_allows_no_verdict():
    assert "of one seed" in part_sentence("accuracy", Estimate(-0.1), "lstm")
    found = ablation_findings(
        analysis(
            variant("fine_tune", 0.9, seeds=1),
            variant("no_pretraining", 0.8, (-0.1, None, None), seeds=1),
        )
    )
    assert "With one seed no difference" in found.does_not_follow[0]


def test_layers_that_help_are_named():
    found = layer_findings(
        analysis(
            variant(-1, 0.7),
            variant(0, 0.72, (0.02, -0.01, 0.05)),
            variant(1, 0.8, (0.1, 0.08, 0.12)),
            variant(2, 0.85, (0.15, 0.12, 0.18)),
        )
    )
    assert "nothing transferred for these transfers: 1 layer, 2 layers." in found.follows[0]
    assert "that of 2 layers: 0.850" in found.follows[1]


def zero_shot(*scores, chance=0.5, best=0.9):
    points = [
        {"step": 10**place, "score": mean, "ci95": None if mean is None else [low, high],
         "relative": None if mean is None else (mean - chance) / (best - chance)}
        for place, (mean, low, high) in enumerate(scores)
    ]  # fmt: skip
    one = {"metric": "accuracy", "chance": chance, "best": best, "n": 9, "notes": {"cut": 2}}
    steps = [point["step"] for point in points]
    return {"steps": steps, "tasks": {"sst2": one | {"points": points}}}


def test_layers_that_hurt_are_named():
    found = layer_findings(
        analysis(
            variant(-1, 0.9),
            variant(0, 0.8, (-0.1, -0.15, -0.05)),
            variant(1, 0.95, (0.05, 0.01, 0.09)),
        )
    )
    assert found.follows[:2] == (
        "The accuracy is higher than with nothing transferred for these transfers: 1 layer.",
        "The accuracy is lower than with nothing transferred for these transfers: the embeddings "
        "alone.",
    )


def test_seeds_that_all_differ_by_the_same_allow_no_verdict():
    alike = (-0.1, -0.1, -0.1)
    assert "for every seed alike" in part_sentence("accuracy", Estimate(*alike), "lstm")
    found = layer_findings(analysis(variant(-1, 0.9), variant(1, 0.8, alike)))
    assert found.follows[0].startswith("No transfer can be told apart from nothing transferred")


def test_of_one_seed_the_page_says_nothing_of_seeds():
    found = fine_tuning(0.9, 0.85, 0.95)
    found["scores"]["accuracy"] |= {"n": 1, "std": 0.0}
    with house_style():
        (*_, section) = report_sections(results(fine_tuning={"sst2": found}))
    assert section.tables[0].rows[0][2] == MISSING
    assert section.notes[0].startswith("One seed")


def test_seeds_without_a_score_are_counted():
    found = fine_tuning(0.9, 0.85, 0.95)
    found["seeds"] = [{"seed": seed, "accuracy": 0.9 if seed else None} for seed in range(3)]
    found["scores"]["accuracy"]["undefined"] = 1
    said = task_findings(found).follows
    assert said[0].startswith("Over 2 seeds the accuracy")
    assert said[1].startswith("For 1 of 3 seeds it is undefined")


def test_zero_shot_is_read_beside_guessing():
    [said] = zero_shot_findings(zero_shot((0.5, 0.45, 0.55), (0.7, 0.6, 0.8))).follows
    assert "above guessing (0.500); 0.500 at the first" in said
    [said] = zero_shot_findings(zero_shot((0.52, 0.4, 0.6))).follows
    assert "not told apart from guessing" in said
    [said] = zero_shot_findings(zero_shot((None, None, None))).follows
    assert "undefined" in said


def test_the_page_is_whole_and_escapes_what_is_not_ours():
    found = results(
        fine_tuning={"sst2": fine_tuning(0.9, 0.85, 0.95)},
        ablations=analysis(
            variant("fine_tune", 0.9),
            variant("no_pretraining", None, (None, None, None)),
            left_out={"lstm": "none named"},
        ),
        layers=analysis(variant(-1, 0.7), variant(2, 0.9, (0.2, 0.1, 0.3)), num_layers=2),
        zero_shot=zero_shot((0.5, 0.45, 0.55), (0.6, 0.5, 0.7), (0.7, 0.6, 0.8)),
    )
    with house_style():
        sections = report_sections(found)
        again = report_sections(found)
    page = render(found, RECORD, sections, title="A <title>")
    assert [one.anchor for one in sections] == [
        *("rows", "fine_tuning", "ablations", "layers", "zero_shot"),
    ]
    assert "A &lt;title&gt;" in page
    assert "no &lt;label&gt;" in page
    assert "runs/&lt;one&gt; (50 steps of pre-training)" in page
    assert "Left out: an LSTM (none named)." in page
    assert "3 to 7" in page
    # The sizes are those of the weights, which the page says elsewhere.
    assert "gpt.mode" in page
    assert "gpt.width" not in page
    drawings = [drawing for section in sections for drawing in section.drawings]
    assert [one.name for one in drawings] == ["ablations", "layers", "zero_shot"]
    # The same numbers give the same bytes.
    assert drawings == [drawing for section in again for drawing in section.drawings]
    assert outcome(found) == "SST-2: accuracy 0.900 (0.010)"


def test_seeds_without_a_score_are_told_wherever_a_mean_leaves_them_out():
    full, other = variant("fine_tune", 0.3), variant("no_pretraining", 0.2, (-0.1, -0.2, 0.0))
    other["scores"]["accuracy"] |= {"n": 2, "undefined": 3}
    found = ablation_findings({"task": "sst2", "metric": "accuracy", "variants": [full, other]})
    [note] = [one for one in found.does_not_follow if "undefined" in one]
    # 0.2 of two seeds, and three zeros.
    assert note.startswith("Of no pre-training 3 of 5 seeds")
    assert note.endswith("would be 0.080.")
    layered = [{**full, "name": -1}, {**other, "name": 2}]
    found = layer_findings({"task": "sst2", "metric": "accuracy", "variants": layered})
    assert any(one.startswith("Of 2 layers 3 of 5 seeds") for one in found.does_not_follow)
