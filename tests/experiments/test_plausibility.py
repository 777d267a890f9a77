import numpy as np
import pytest

from attnjax.config import resolve
from attnjax.errors import ConfigError
from attnjax.experiments.plausibility import plausibility


def flags(*places, length=4):
    return np.isin(np.arange(length), places)


def test_scores_are_compared_with_what_people_marked_and_with_chance():
    rationale = [flags(0), flags(0, 1), flags()]
    result = plausibility(
        {
            "attention": [np.array([4.0, 3.0, 2.0, 1.0])] * 3,
            "gradient": [np.array([1.0, 2.0, 3.0, 4.0])] * 3,
        },
        rationale,
        instance_id=np.array([7, 8, 9]),
        samples=20,
        seed=0,
    )
    summary = result.summary
    assert summary["attention"]["auprc"]["mean"] == 1.0
    assert summary["attention"]["precision"]["mean"] == 1.0
    # One of four, found last: 1/4. Two of four, found last: the mean of 1/3 and 2/4.
    assert summary["gradient"]["auprc"]["mean"] == pytest.approx((1 / 4 + 5 / 12) / 2)
    assert summary["gradient"]["precision"]["mean"] == 0.0
    # Every one of the 4 places of one token, and of the 6 pairs, is as likely.
    alone = (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4
    places = [(a, b) for a in range(1, 5) for b in range(a + 1, 5)]
    pair = np.mean([(1 / a + 2 / b) / 2 for a, b in places])
    assert summary["chance"]["auprc"]["mean"] == pytest.approx((alone + pair) / 2)
    assert summary["chance"]["precision"]["mean"] == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert summary["marked_share"] == pytest.approx((1 / 4 + 2 / 4 + 0) / 3)
    # The text without a marked word is undefined, not zero.
    assert (summary["unmarked"], summary["attention"]["auprc"]["undefined"]) == (1, 1)
    column = result.rows["plausibility.gradient_auprc"]
    np.testing.assert_allclose(column, [1 / 4, 5 / 12, np.nan])
    np.testing.assert_allclose(result.rows["plausibility.chance_auprc"], [alone, pair, np.nan])
    assert result.rows["instance_id"].tolist() == [7, 8, 9]


@pytest.mark.parametrize("name", ["planted", "sst", "ade_corpus"])
def test_it_is_refused_on_data_without_rationales(name):
    message = f"plausibility on data '{name}'; expected this test only on texts with human"
    with pytest.raises(ConfigError, match=message):
        resolve({"data": {"name": name}, "tests": ["plausibility"]})
    resolve({"data": {"name": "eraser_movies"}, "tests": ["plausibility"]})
