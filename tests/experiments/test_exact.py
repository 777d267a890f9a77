"""The strongest adversary as a test of the trial: its rows, its numbers, the search beside it."""

import numpy as np
import pytest

from attnjax.adversaries.exact import exact_adversary_of_model, readout_arrays
from attnjax.config import resolve
from attnjax.experiments.adversary import share_below
from attnjax.experiments.exact import (
    compare_with_search,
    curve_epsilons,
    solve_batch,
    strongest_adversaries,
    summarise_exact,
    why_unsolvable,
)
from attnjax.experiments.results import assemble
from attnjax.types import Batch
from tests.models.tiny import TEXTS, stacked, tiny

EPSILONS = (0.01, 0.1, 0.5)


@pytest.fixture(scope="module")
def rows():
    """Two batches of one shape, each with a row that only fills it."""
    kind, inputs = tiny("lstm"), stacked(TEXTS, 12, empty_rows=1)
    valid = np.array([True] * len(TEXTS) + [False])
    later = inputs.replace(instance_id=inputs.instance_id + 10)
    return strongest_adversaries(
        *kind,
        [Batch(inputs, valid), Batch(later, valid)],
        epsilons=EPSILONS,
        epsilon=0.1,
        memory_bytes=2**20,
    )


def test_rows_are_the_adversarys_at_the_main_epsilon(rows):
    kind, inputs = tiny("lstm"), stacked(TEXTS, 12, empty_rows=1)
    assert rows["instance_id"].tolist() == [0, 1, 2, 3, 10, 11, 12, 13]
    found = exact_adversary_of_model(*kind, inputs, epsilons=EPSILONS)
    for index, text in enumerate(TEXTS):
        for place in (index, index + len(TEXTS)):
            # The same program in another jit: float32 rounding of values below 1.
            close = {"rtol": 0, "atol": 1e-6}
            np.testing.assert_allclose(
                rows["exact_adversary.curve"][place], found.jsd[index], **close
            )
            assert len(rows["exact_adversary.attention"][place]) == len(text) - 2
            np.testing.assert_allclose(
                rows["exact_adversary.attention"][place],
                found.attention[index, 1, 1 : len(text) - 1],
                **close,
            )
            assert rows["exact_adversary.jsd"][place] == rows["exact_adversary.curve"][place][1]
    assert (rows["exact_adversary.output_change"] <= 0.1).all()
    assert rows["exact_adversary.certified"].all()


def test_reach_is_the_largest_change_of_a_single_token(rows):
    kind, inputs = tiny("lstm"), stacked(TEXTS, 12)
    attention, values, bias, where = map(np.asarray, readout_arrays(*kind, inputs))
    for index in range(len(TEXTS)):
        own, value = attention[index].astype(np.float64), values[index, :, 0].astype(np.float64)
        base = float(bias[index, 0])
        p = 1 / (1 + np.exp(-(own @ value + base)))
        change = np.abs(1 / (1 + np.exp(-(value + base))) - p)[where[index]].max()
        # float32 sigmoids.
        assert rows["exact_adversary.max_output_change"][index] == pytest.approx(change, abs=1e-6)


def test_one_compilation_serves_every_batch_of_a_shape(rows):
    del rows  # made first
    before = solve_batch._cache_size()  # pyright: ignore[reportFunctionMemberAccess]
    kind, inputs = tiny("lstm"), stacked(TEXTS, 12, empty_rows=1)
    solve_batch(*kind, inputs, epsilons=EPSILONS, main=1, memory_bytes=2**20)
    assert solve_batch._cache_size() == before  # pyright: ignore[reportFunctionMemberAccess]


def test_the_summary_is_numpys(rows):
    top = np.full(8, 0.9)
    summary = summarise_exact(rows, top, epsilons=EPSILONS, samples=20, seed=0).summary
    curve = np.stack(rows["exact_adversary.curve"]).astype(np.float64)
    assert [point["epsilon"] for point in summary["curve"]] == list(EPSILONS)
    for point, values in zip(summary["curve"], curve.T, strict=True):
        assert point["mean"] == pytest.approx(values.mean(), abs=1e-12)
        assert point["q95"] == pytest.approx(np.percentile(values, 95), abs=1e-12)
    means = [point["mean"] for point in summary["curve"]]
    assert means == sorted(means)
    assert summary["max_jsd"]["mean"] == pytest.approx(means[1], abs=1e-12)
    # The text of one word has no other attention: a quarter of the instances.
    assert summary["share_below"]["0.1"] >= 0.25
    assert summary["share_below"] == share_below(rows["exact_adversary.jsd"])
    assert summary["certified_share"] == 1.0
    assert summary["by_max_attention"][3]["n"] == 8


def test_the_search_is_compared_at_its_own_limit_where_there_is_a_choice():
    exact = {
        "instance_id": np.arange(4),
        "exact_adversary.curve": [np.array([0.1, 0.4]), np.array([0.2, 0.6]),
                                  np.array([0.0, 0.0]), np.array([0.3, 0.5])],
    }  # fmt: skip
    # Instance 2 has one token; instance 3 was left out by the search's limit.
    search = {"instance_id": np.array([1, 0, 2]), "adversary.jsd": np.array([0.59, 0.2, 0.0])}
    beside = compare_with_search(search, exact, place=1)
    assert beside["ratio_to_exact"] == pytest.approx(0.79)
    assert beside["share_reaching"] == {"0.97": 0.5}
    assert beside["compared"] == 2
    nothing = compare_with_search(
        {"instance_id": np.array([2]), "adversary.jsd": np.zeros(1)}, exact, place=1
    )
    assert nothing == {"ratio_to_exact": None, "share_reaching": {"0.97": None}, "compared": 0}


def test_the_curve_has_the_epsilons_that_the_search_is_judged_by():
    config = resolve({"exact": {"epsilons": (0.2, 0.003)}, "adversary": {"epsilon": 0.02}})
    assert curve_epsilons(config) == (0.003, 0.02, 0.2)
    release = resolve({"protocol": {"setting": "release"}, "exact": {"epsilons": ()}})
    assert curve_epsilons(release) == (0.01, 0.05)


def test_what_cannot_be_solved_has_a_reason():
    model = tiny("average").model
    assert why_unsolvable(model, num_classes=2) is None
    assert "3 classes" in str(why_unsolvable(model, num_classes=3))
    hidden = model._replace(readout=None)
    assert "no readout" in str(why_unsolvable(hidden, num_classes=2))


def _done(**stages):
    data = dict.fromkeys(
        ("name", "published", "class_names", "splits", "kept", "dropped", "truncated", "vocabulary")
    ) | {"vectors": None}
    trained = {"parameters": 3, "best_epoch": 0, "epochs_run": 1}
    base = {"data": data, "train": trained, "predictions": {}}
    return {name: {"summary": summary} for name, summary in (base | stages).items()}


EXACT = {"status": "solved", "curve": [{"epsilon": 0.01}, {"epsilon": 0.05}]}
SEARCH = {"epsilon": 0.01, "search": {"settings": {"filter_epsilon": 0.05}}}
TABLES = {
    "adversary": {"instance_id": np.arange(1), "adversary.jsd": np.array([0.3])},
    "exact_adversary": {
        "instance_id": np.arange(1),
        "exact_adversary.curve": [np.array([0.2, 0.4])],
    },
}


def test_results_nest_the_exact_adversary():
    config = resolve({"exact": {"limit": 7}, "adversary": {"limit": 9}})
    done = _done(adversary=SEARCH, exact_adversary=EXACT)
    tests = assemble(config, done, TABLES)["tests"]
    assert list(tests) == ["adversary"]
    assert tests["adversary"]["exact"] == EXACT | {"limit": 7}
    assert tests["adversary"]["limit"] == 9
    assert tests["adversary"]["ratio_to_exact"] == pytest.approx(0.75)


def test_results_of_one_of_the_two_alone_have_nothing_of_the_other():
    config = resolve({"adversary": {"limit": 9, "epsilon": 0.02}})
    alone = assemble(config, _done(exact_adversary=EXACT), TABLES)["tests"]
    assert alone == {"adversary": {"epsilon": 0.02, "exact": EXACT}}
    searched = assemble(config, _done(adversary=SEARCH), {"adversary": TABLES["adversary"]})
    assert searched["tests"] == {"adversary": SEARCH | {"limit": 9}}
    skipped = {"status": "skipped", "reason": "of three classes"}
    both = assemble(
        config,
        _done(adversary=SEARCH, exact_adversary=skipped),
        {"adversary": TABLES["adversary"]},
    )
    assert both["tests"]["adversary"] == SEARCH | {"limit": 9, "exact": skipped}


def test_results_do_not_change_the_stages_summaries():
    config, done = resolve({}), _done(adversary=dict(SEARCH), exact_adversary=EXACT)
    assemble(config, done, TABLES)
    assert done["adversary"]["summary"] == SEARCH


def test_results_list_the_constraints_with_what_holds_of_all():
    config = resolve({"capped": {"limit": 5}})
    constraints = [{"cap": 0.5}, {"entropy_share": 0.5}]
    capped = {"status": "enclosed", "epsilon": 0.01, "optimal_gap": 0.001}
    found = assemble(config, _done(capped_adversary=capped | {"constraints": constraints}), {})
    common = {"optimal_gap": 0.001, "limit": 5}
    assert found["tests"] == {
        "adversary": {"epsilon": 0.01, "capped": [one | common for one in constraints]}
    }
    skipped = {"status": "skipped", "reason": "of three classes"}
    found = assemble(resolve({}), _done(capped_adversary=skipped), {})
    assert found["tests"]["adversary"]["capped"] == skipped


def test_results_of_several_classes_join_both_lower_bounds():
    rows = {
        "instance_id": np.arange(1),
        "exact_adversary.lower": np.array([0.2]),
        "exact_adversary.upper": np.array([0.5]),
        "exact_adversary.guarantee": np.array([2]),
        "exact_adversary.says_nothing": np.array([False]),
    }
    found = {"adversary.output_change": np.array([0.01])} | TABLES["adversary"]
    enclosed = {"status": "enclosed", "reason": "3 classes", "multiclass": {"lower": 0.2}}
    config, both = resolve({}), {"adversary": found, "exact_adversary": rows}
    tests = assemble(config, _done(adversary=SEARCH, exact_adversary=enclosed), both)["tests"]
    assert tests["adversary"]["exact"] == {"status": "enclosed", "reason": "3 classes"}
    assert tests["adversary"]["multiclass"]["lower"]["mean"] == pytest.approx(0.3)
    alone = assemble(config, _done(exact_adversary=enclosed), {"exact_adversary": rows})["tests"]
    assert alone["adversary"]["multiclass"] == {"lower": 0.2}
    assert enclosed["multiclass"] == {"lower": 0.2}
