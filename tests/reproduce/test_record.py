"""What is kept of a run."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from attnjax.errors import DataError
from attnjax.reproduce.instances import estimate
from attnjax.reproduce.plan import chosen_rows
from attnjax.reproduce.record import read_records, record_of, write_record
from tests.report.synthetic import make_run
from tests.reproduce.records import record as synthetic_record


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = make_run(tmp_path_factory.mktemp("run"), limit=60)
    made = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(made | {"attnjax": "0.1"}))
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps(results | {"seconds": {"train": 1.26}}))
    return folder


@pytest.fixture(scope="module")
def record(finished):
    (row,) = chosen_rows("sst-lstm-additive")
    changed = ["--config.seed=3", "--config.data.vectors=/home/me/wiki.vec"]
    return record_of(row, finished, changed=changed, peak_bytes=5)


def test_intervals_are_those_of_a_bootstrap_over_the_instances(finished, record):
    rows = pq.read_table(finished / "instances.parquet").to_pydict()
    right = np.argmax(rows["probability"], axis=1) == np.array(rows["label"])
    low, high = record["performance"]["accuracy_ci95"]
    # The standard error of a share; 1,000 resamples move the ends by a tenth of it.
    error = np.sqrt(right.mean() * (1 - right.mean()) / len(right))
    assert low == pytest.approx(right.mean() - 1.96 * error, abs=0.3 * error)
    assert high == pytest.approx(right.mean() + 1.96 * error, abs=0.3 * error)
    assert record["performance"]["f1_ci95"][0] < record["performance"]["f1_ci95"][1]


def test_nearly_maximal_adversaries_are_counted_among_those_that_were_searched(finished, record):
    jsd = [one for one in pq.read_table(finished / "instances.parquet")["adversary.jsd"].to_pylist()
           if one is not None and not np.isnan(one)]  # fmt: skip
    assert len(jsd) == record["instances"]["near_maximal"]["n"] == 60
    assert record["instances"]["near_maximal"]["value"] == sum(one >= 0.6 for one in jsd) / 60


def test_groups_of_texts_by_hand(finished, record):
    rows = pq.read_table(finished / "instances.parquet").to_pydict()
    change = np.array(rows["permutation.median_output_change"])
    peaked = np.array(rows["max_attention"]) >= 0.5
    found = record["instances"]
    assert found["shuffled"]["value"] == pytest.approx(np.median(change), abs=1e-7)
    assert found["peaked"]["shuffled"]["value"] == pytest.approx(
        np.median(change[peaked]), abs=1e-7
    )
    assert found["peaked"]["shuffled"]["n"] == peaked.sum()
    assert found["majority_share"] == np.bincount(rows["label"]).max() / len(rows["label"])
    certainty = np.max(rows["probability"], axis=1)
    assert found["sure_share"] == np.mean(certainty > 0.99)
    tau = np.array(rows["gradient_leave_one_out.tau"], np.float64)
    surest = tau[certainty >= np.quantile(certainty, 0.75)]
    assert found["by_certainty"]["surest"]["value"] == pytest.approx(np.nanmean(surest))


def test_median_has_the_interval_of_order_statistics():
    """Of 1,000 values the 95% interval of the median lies between the ranks 469 and 532."""
    values = np.random.default_rng(0).permutation(1000).astype(float)
    found = estimate(values, np.median, seed=0)
    assert found["ci95"] == pytest.approx([469, 531], abs=6)  # of a thousand resamples
    assert estimate(values[:9], np.median, seed=0) is None


def test_no_path_and_no_curve_is_kept(finished, record):
    text = json.dumps(record)
    assert str(finished) not in text
    assert '"curve"' not in text
    assert record["command"].startswith("python train.py --config=configs/sst.py")
    assert record["command"].endswith("--config.seed=3 --config.data.vectors=wiki.vec")
    assert record["seconds"] == {"train": 1.3}


def test_records_are_read_back(tmp_path):
    kept = synthetic_record("sst-lstm-additive")
    write_record(tmp_path, kept)
    assert read_records(tmp_path) == {"sst-lstm-additive": kept}
    assert read_records(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"schema": 1}', {"schema": 2}, {"schema": -3}, {"row": "sst-lstm-dot"}],
)
def test_what_is_no_record_is_refused(tmp_path, content):
    name = "sst-lstm-additive"
    if isinstance(content, dict):
        content = json.dumps(synthetic_record(name) | content)
    (tmp_path / f"{name}.json").write_text(content)
    with pytest.raises(DataError, match=rf"{name}\.json.*remove the file"):
        read_records(tmp_path)


def test_a_record_of_no_row_is_refused(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(synthetic_record("x")))
    with pytest.raises(DataError, match="row 'x'"):
        read_records(tmp_path)
