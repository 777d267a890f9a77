import numpy as np
import pytest

from attnjax.config import resolve
from attnjax.errors import WorkFolderError
from attnjax.experiments.result import aligned, common_instances, read_rows, write_rows
from attnjax.experiments.results import assemble, decided, limits, merge

ROWS = {
    "instance_id": np.array([4, 2, 9], np.int32),
    "score": np.array([0.5, np.nan, 1.0]),
    "ragged": [np.array([1.0, 2.0], np.float32), np.array([3.0], np.float32), np.zeros(0, "f4")],
    "tokens": [["a", "<b>"], ["é"], []],
    "flags": [np.array([True, False]), np.array([True]), np.zeros(0, bool)],
}


def test_rows_come_back_as_they_were(tmp_path):
    write_rows(tmp_path / "a.parquet", ROWS)
    back = read_rows(tmp_path / "a.parquet")
    assert list(back) == list(ROWS)
    np.testing.assert_array_equal(back["score"], ROWS["score"])
    for name in ("ragged", "flags"):
        for one, other in zip(back[name], ROWS[name], strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    assert back["tokens"] == ROWS["tokens"]


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "a.parquet"
    write_rows(path, ROWS)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(WorkFolderError, match=r"a\.parquet: found a file that cannot be read"):
        read_rows(path)


def test_columns_are_aligned_by_instance():
    np.testing.assert_array_equal(aligned(ROWS, "score", np.array([9, 4])), [1.0, 0.5])
    assert aligned(ROWS, "tokens", np.array([2])) == [["é"]]


def test_common_instances_keep_the_first_order():
    other = {"instance_id": np.array([9, 4, 7])}
    assert common_instances(ROWS, other).tolist() == [4, 9]


def test_merge_fills_what_a_limited_test_left_out():
    merged = merge(
        {
            "predictions": {"instance_id": np.array([1, 2]), "label": np.array([0, 1])},
            "adversary": {
                "instance_id": np.array([2]),
                "adversary.jsd": np.array([0.25]),
                "adversary.attention": [np.array([0.5, 0.5])],
                "adversary.feasible_share": np.array([1.0]),
            },
        }
    )
    assert list(merged) == ["instance_id", "label", "adversary.jsd", "adversary.attention"]
    assert merged["adversary.jsd"] == [None, 0.25]
    assert merged["adversary.attention"] == [None, [0.5, 0.5]]


def test_only_asked_tests_are_in_the_results():
    data = dict.fromkeys(
        ("name", "published", "class_names", "splits", "kept", "dropped", "truncated", "vocabulary")
    ) | {"vectors": None}
    done = {
        "data": {"summary": data},
        "train": {
            "seconds": 1.0,
            "summary": {"parameters": 3, "best_epoch": 0, "epochs_run": 1},
        },
        "predictions": {"seconds": 0.1, "summary": {"test": {"accuracy": 1.0}}},
        "permutation": {"seconds": 0.2, "summary": {"median_output_change": {"n": 5}}},
    }
    config = resolve({"permutation": {"limit": 5}, "protocol": {"setting": "release"}})
    results = assemble(config, done, {})
    assert results["tests"] == {"permutation": {"median_output_change": {"n": 5}, "limit": 5}}
    assert results["dataset"]["notes"] == []  # a folder from before there were notes
    assert results["protocol"]["adversary.keep"] == "release"
    assert results["seconds"] == {"train": 1.0, "predictions": 0.1, "permutation": 0.2}


@pytest.mark.parametrize("name", ["sst", "imdb", "anemia", "mr", "snli", "planted"])
@pytest.mark.parametrize("chosen", ["paper", "none"])
def test_the_filter_is_a_setting_of_the_data_sets_that_have_one(name, chosen):
    protocol = decided(resolve({"data": {"name": name, "filter": chosen}}))
    expected = chosen if name in ("sst", "imdb", "anemia") else None
    assert protocol.get("data.filter") == expected


def test_the_smaller_of_two_limits_counts():
    config = resolve({"gradient": {"limit": 7}, "leave_one_out": {"limit": 3}})
    assert limits(config, "gradient_leave_one_out") == {"limit": 3}
    assert limits(config, "gradient_agreement") == {"limit": 7}
    assert limits(config, "adversary") == {}
