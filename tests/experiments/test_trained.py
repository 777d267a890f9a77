"""What the tests of trained models say of given predictions: closed forms and brute force."""

import jax
import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from attnjax.config import MassAdversaryConfig, ModelConfig, resolve
from attnjax.data.batching import evaluation_batches
from attnjax.data.corpus import Corpus, instances
from attnjax.data.encoded import EncodedSplit, encode
from attnjax.data.vocabulary import build_vocabulary
from attnjax.errors import DataError
from attnjax.experiments.guides import summarise_guides
from attnjax.experiments.marking import mark
from attnjax.experiments.mass_adversary import (
    choose_weight,
    marked_mass,
    summarise_mass_adversary,
)
from attnjax.experiments.members import attention_jsd, compare, output_changes, per_instance
from attnjax.experiments.norms import norms
from attnjax.experiments.populations import member_seeds
from attnjax.experiments.seeds import adversary_quantile, summarise_seeds
from attnjax.experiments.trained_adversary import choose, summarise_trained_adversary
from attnjax.experiments.uniform import summarise_uniform
from attnjax.experiments.yardsticks import add_yardsticks
from attnjax.models.build import build_model
from attnjax.training.run import initial_params
from attnjax.types import Batch
from tests.models.tiny import asked, tiny_question

LABEL = np.arange(200) % 2
IDS = np.arange(200, dtype=np.int32)
BOOTSTRAP = {"samples": 200, "seed": 0}
SEEDED = {"samples": 200, "bootstrap_seed": 0}


def models(accuracies, seed=0):
    """One model for each accuracy: sure of its class, right that often."""
    generator = np.random.default_rng(seed)
    right = generator.random((len(accuracies), len(LABEL))) < np.array(accuracies)[:, None]
    positive = np.where(right, LABEL, 1 - LABEL) * 0.8 + 0.1
    return np.stack([1 - positive, positive], axis=2)


def test_uniform_attention_that_is_worse_is_not_as_good():
    result = summarise_uniform(
        LABEL,
        models([0.9] * 4),
        models([0.6] * 4, seed=1),
        instance_id=IDS,
        seeds=range(4),
        **SEEDED,
    )
    low, high = result.summary["difference_ci95"]["auc"]
    difference = result.summary["difference"]["auc"]
    assert 0 < low < difference < high
    assert not result.summary["as_good"]
    base, uniform = (result.summary[name]["f1"] for name in ("base", "uniform"))
    assert result.summary["difference"]["f1"] == pytest.approx(base - uniform)
    each = [one["base"]["f1"] for one in result.summary["per_seed"]]
    assert base == pytest.approx(np.mean(each))


@pytest.mark.parametrize(("base", "uniform"), [(0.8, 0.8), (0.6, 0.9)])
def test_uniform_attention_that_is_not_worse_is_as_good(base, uniform):
    result = summarise_uniform(
        LABEL,
        models([base] * 4),
        models([uniform] * 4),
        instance_id=IDS,
        seeds=range(4),
        **SEEDED,
    )
    assert result.summary["as_good"]


def test_an_area_that_is_undefined_is_null_and_f1_decides():
    ones = np.ones(200, int)
    result = summarise_uniform(
        ones,
        models([0.9] * 2),
        models([0.9] * 2),
        instance_id=IDS,
        seeds=range(2),
        **SEEDED,
    )
    assert result.summary["base"]["auc"] is None
    assert result.summary["difference"]["auc"] is None
    assert result.summary["difference_ci95"]["auc"] is None
    assert result.summary["as_good"]


def test_pairing_makes_intervals_of_differences_narrow():
    """Seeds that are good or bad with both kinds of attention differ by the same amount."""
    better, worse = models([0.6, 0.7, 0.8, 0.9]), models([0.6, 0.7, 0.8, 0.9])
    worse[:, :10] = worse[:, :10, ::-1]
    found = compare(LABEL, {"worse": worse, "better": better}, **BOOTSTRAP)
    widths = [
        np.ptp(one["f1_ci95"]) for one in (found.groups["better"], found.differences["better"])
    ]
    assert widths[1] < widths[0]


def test_seeds_are_summarised_over_pairs_and_kept_by_instance():
    jsd = np.array([[0.1, 0.2, 0.3], [0.3, 0.4, 0.5]])
    result = summarise_seeds(
        LABEL[:3],
        models([1.0, 1.0])[:, :3],
        jsd,
        jsd / 10,
        np.array([0.2, 0.3, 0.9]),
        instance_id=IDS[:3],
        seeds=(1, 2),
        **SEEDED,
    )
    summary = result.summary
    assert summary["jsd"]["mean"] == pytest.approx(0.3)
    assert summary["jsd"]["median"] == pytest.approx(0.3)
    assert (summary["count"], summary["f1"]) == (2, {"mean": 1.0, "std": 0.0})
    assert [one["jsd"] for one in summary["per_seed"]] == pytest.approx([0.2, 0.4])
    assert [one["n"] for one in summary["by_max_attention"]] == [2, 2, 0, 2]
    assert summary["by_max_attention"][0]["mean"] == pytest.approx(0.2)
    np.testing.assert_allclose(result.rows["seeds.jsd"], jsd.T, rtol=1e-6)
    assert len(result.rows["seeds.probability"][0]) == 2 * 2


def test_the_quantile_counts_the_seeds_below_the_adversary():
    seeds = {
        "instance_id": np.array([5, 6, 7]),
        "seeds.jsd": [np.array([0.1, 0.3]), np.array([0.1, 0.2]), np.array([0.5, 0.6])],
    }
    found = {"instance_id": np.array([7, 5, 9, 6]), "x.jsd": np.array([0.4, 0.2, 1.0, np.nan])}
    assert adversary_quantile(seeds, found, "x.jsd") == 0.25
    sweep = {"instance_id": np.array([5]), "x.jsd": [np.array([0.0, 0.2])]}
    assert adversary_quantile(seeds, sweep, "x.jsd", member=1) == 0.5
    nobody = {"instance_id": np.array([9]), "x.jsd": np.array([1.0])}
    assert adversary_quantile(seeds, nobody, "x.jsd") is None


def test_texts_in_which_nothing_moves_count_for_no_quantile_and_ties_for_half():
    still, tied = np.zeros(2), np.array([0.0, 0.3])
    seeds = {"instance_id": np.array([0, 1]), "seeds.jsd": [still, tied]}
    found = {"instance_id": np.array([0, 1]), "x.jsd": np.array([0.0, 0.3])}
    assert adversary_quantile(seeds, found, "x.jsd") == 0.75
    seeds["seeds.jsd"], found["x.jsd"] = [still, still], np.zeros(2)
    assert adversary_quantile(seeds, found, "x.jsd") is None


def test_distances_are_those_of_scipy():
    generator = np.random.default_rng(0)
    base = [generator.dirichlet(np.ones(n)) for n in (1, 4, 9)]
    attention = [generator.dirichlet(np.ones(len(one)), size=3) for one in base]
    attention[1][0] = [1, 0, 0, 0]
    found = attention_jsd(attention, base)
    for row in range(3):
        expected = [jensenshannon(p[row], q) ** 2 for p, q in zip(attention, base, strict=True)]
        np.testing.assert_allclose(found[row], expected, atol=1e-12)
    classes = generator.dirichlet(np.ones(3), size=(2, 5))
    changed = output_changes(classes, classes[0])
    assert not changed[0].any()
    np.testing.assert_allclose(changed[1], np.maximum(classes[1] - classes[0], 0).sum(1))


def test_guides_are_compared_with_uniform_wherever_it_stands():
    made = {
        "adversary": models([0.7] * 3, seed=1),
        "base": models([0.95] * 3, seed=2),
        "uniform": models([0.7] * 3, seed=1),
    }
    summary = summarise_guides(
        LABEL,
        made,
        instance_id=IDS,
        seeds=range(3),
        source={"adversary": {"lambda": 1.0}},
        **SEEDED,
    ).summary
    assert list(summary["differences"]) == ["base", "adversary"]
    assert summary["differences"]["adversary"]["f1_ci95"] == [0.0, 0.0]
    assert summary["differences"]["base"]["f1_ci95"][0] > 0.1
    assert summary["source"]["adversary"]["lambda"] == 1.0
    assert "file" not in summary


@pytest.mark.parametrize(
    ("jsd", "tvd", "chosen"),
    [
        ([0.1, 0.3, 0.6], [0.01, 0.04, 0.2], 1),
        ([0.3, 0.1, 0.6], [0.04, 0.01, 0.2], 0),
        ([0.1, 0.3, 0.6], [0.3, 0.05, 0.2], 1),
    ],
)
def test_the_farthest_adversary_that_predicts_alike_is_chosen(jsd, tvd, chosen):
    assert choose(np.array(jsd), np.array(tvd)) == chosen


def test_a_sweep_has_a_point_for_each_lambda():
    jsd, tvd = np.full((2, 200), 0.1), np.full((2, 200), 0.02)
    jsd[1] = 0.4
    result = summarise_trained_adversary(
        LABEL,
        models([0.9, 0.8]),
        jsd,
        tvd,
        [np.ones(1, np.float32)] * 200,
        instance_id=IDS,
        training={"weights": [0.1, 1.0], "chosen": 1, "best_epoch": [3, 4], "epochs_run": 5},
        setting="fixed",
        norms={"base": {"states": 1.0}, "adversary": {"states": 2.0}},
        **BOOTSTRAP,
    )
    first, second = result.summary["lambdas"]
    assert (first["lambda"], second["lambda"]) == (0.1, 1.0)
    assert second["jsd"] == pytest.approx(0.4)
    assert second["tvd_ci95"] == pytest.approx([0.02, 0.02])
    assert (second["best_epoch"], second["epochs_run"], result.summary["chosen"]) == (4, 5, 1)
    assert first["f1"] > second["f1"]
    assert result.rows["trained_adversary.jsd"][0].tolist() == pytest.approx([0.1, 0.4])


def test_mass_is_counted_where_something_can_be_hidden():
    attention = [np.array([[0.2, 0.8], [0.9, 0.1]]), np.ones((2, 1)), np.full((2, 2), 0.5)]
    marks = [np.array([True, False]), np.array([True]), np.array([False, False])]
    mass = marked_mass(attention, marks)
    np.testing.assert_allclose(mass, [[0.2, 0.9], [np.nan] * 2, [np.nan] * 2])
    result = summarise_mass_adversary(
        LABEL[:3],
        (models([1.0])[0, :3], mass[:, 0]),
        (models([1.0, 0.0])[:, :3], mass),
        instance_id=IDS[:3],
        marks=marks,
        training={"weights": [0.1, 1.0], "chosen": 0},
        marked="evidence",
        target=0.01,
        **BOOTSTRAP,
    )
    assert result.summary["mass"] == {"base": pytest.approx(0.2), "adversary": [0.2, 0.9]}
    assert result.summary["f1"] == {"base": 1.0, "adversary": [1.0, 0.0]}
    assert (result.summary["n"], result.summary["undefined"]) == (1, 2)


def test_the_least_weight_that_hides_enough_is_chosen():
    assert choose_weight(np.array([0.3, 0.005, 0.001]), target=0.01) == 1
    assert choose_weight(np.array([0.3, 0.1, 0.2]), target=0.01) == 1


@pytest.fixture
def texts():
    corpus = Corpus("x", {"train": instances([["a", "b", "c", "d"], ["e"]], [0, 1])}, ("0", "1"))
    vocabulary = build_vocabulary(corpus.splits["train"].tokens, min_count=1)
    split = encode(corpus.splits["train"], vocabulary, max_length=5).split
    return corpus, {"train": split}


def test_words_and_halves_are_marked_in_the_texts_that_the_model_reads(texts, tmp_path):
    halves = mark(*texts, MassAdversaryConfig(marked="first_half"))["train"]
    assert [one.tolist() for one in halves] == [[True, False, False], [False]]
    listed = tmp_path / "words.txt"
    listed.write_text("c\nd\nzebra\n")
    settings = MassAdversaryConfig(marked="words", words_file=str(listed))
    assert [one.tolist() for one in mark(*texts, settings)["train"]] == [
        [False, False, True],
        [False],
    ]


@pytest.mark.parametrize("content", [None, b"", b"zebra\n", b"\xff\xfe\x00"])
def test_a_list_of_words_that_marks_nothing_is_refused(texts, tmp_path, content):
    listed = tmp_path / "words.txt"
    if content is not None:
        listed.write_bytes(content)
    with pytest.raises(DataError, match=r"words\.txt"):
        mark(*texts, MassAdversaryConfig(marked="words", words_file=str(listed)))


def test_norms_are_those_of_the_states_of_real_tokens(key):
    ids = tuple(np.array([2, *range(4, 4 + n), 3], np.int32) for n in (1, 3, 2))
    split = EncodedSplit(ids, np.zeros(3, np.int32), np.arange(3, dtype=np.int32))
    config = ModelConfig(encoder="average", embedding_size=3, hidden_size=4)
    model = build_model(config, vocabulary_size=9, num_classes=3)
    params = initial_params(model, split, lengths=(6,), key=key)
    found = norms(model, params, evaluation_batches(split, lengths=(6,), batch_size=2))
    table = np.asarray(params["embedding"]["table"], np.float64)
    layer = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params["encoder"]["projection"])
    tokens = np.concatenate([one[1:-1] for one in ids])
    states = np.tanh(table[tokens] @ layer["kernel"] + layer["bias"])
    kernel = np.asarray(params["decoder"]["kernel"], np.float64)
    # float32 sums of six norms.
    assert found["states"] == pytest.approx(np.linalg.norm(states, axis=1).mean(), rel=1e-5)
    assert found["values"] == pytest.approx(
        np.linalg.norm(states @ kernel, axis=1).mean(), rel=1e-5
    )
    assert found["decoder"] == pytest.approx(np.sqrt((kernel**2).sum()), rel=1e-6)


def test_the_decoders_norm_of_a_question_model_is_of_the_kernel_that_attention_feeds():
    model, params = tiny_question("average")
    batch = Batch(asked(range(2), 8, 9), np.ones(2, bool))
    found = norms(model, params, [batch])
    kernel = np.asarray(params["decoder"]["context"]["kernel"], np.float64)
    assert set(found) == {"states", "decoder"}
    assert found["decoder"] == pytest.approx(np.sqrt((kernel**2).sum()), rel=1e-6)


def test_yardsticks_are_null_where_a_test_was_not_run_or_is_of_another_base():
    seeds = {"instance_id": np.array([0]), "seeds.jsd": [np.array([0.1, 0.5])]}
    found = {"instance_id": np.array([0]), "adversary.jsd": np.array([0.3])}

    def tests():
        return {
            "seeds": {"jsd": {"mean": 0.3}, "output_change": {"mean": 0.1}},
            "adversary": {"search": {"max_jsd": {"mean": 0.3}, "output_change": {"mean": 0.01}}},
            "trained_adversary": {"chosen": 1},
        }

    own, other = tests(), tests()
    trained = {"instance_id": np.array([0]), "trained_adversary.jsd": [np.array([0.6, 0.05])]}
    tables = {"seeds": seeds, "adversary": found, "trained_adversary": trained}
    add_yardsticks(own, tables, other_base=False)
    add_yardsticks(other, tables, other_base=True)
    assert own["seeds"]["adversary_quantile"] == {
        "search": 0.5,
        "exact": None,
        "trained": 0.0,
    }
    assert other["seeds"]["adversary_quantile"]["trained"] is None
    assert own["trained_adversary"] == {
        "chosen": 1,
        "instance_adversary": {"search": {"jsd": 0.3, "tvd": 0.01}, "exact": None},
        "seeds": {"jsd": 0.3, "tvd": 0.1},
    }
    assert other["trained_adversary"] == {
        "chosen": 1,
        "instance_adversary": {"search": None, "exact": None},
        "seeds": None,
    }


def test_rows_are_flat_by_model_then_class():
    values = np.arange(12.0).reshape(2, 3, 2)
    assert per_instance(values)[1].tolist() == [2, 3, 8, 9]


def test_seeds_follow_the_runs_own_or_are_those_that_are_named():
    assert member_seeds(resolve({"seed": 3, "seeds": {"count": 3}})) == (4, 5, 6)
    assert member_seeds(resolve({"seeds": {"values": [50, 257]}})) == (50, 257)
