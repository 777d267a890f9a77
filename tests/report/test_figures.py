"""The drawings: well-formed, alone, equal in every run, and showing the numbers given."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from attnjax.report.figures import Row, agreement_overview, groups, tau_histograms
from attnjax.report.figures_change import LARGEST_JSD, bin_of, density, jsd_histogram, violins
from attnjax.report.figures_evidence import evidence_bars
from attnjax.report.numbers import Estimate
from attnjax.report.style import COLOURS, HATCHES, MAX_CLASSES, house_style

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def tau():
    return np.clip(np.random.default_rng(0).normal(0.4, 0.2, 300), -1, 1)


@pytest.fixture
def predicted():
    return np.random.default_rng(1).integers(0, 2, 300)


def _histograms(tau, predicted, names=("no", "yes")):
    with house_style():
        parts = groups(predicted, list(names))
        summary = {0: {"mean": 0.4, "ci95": [0.38, 0.42], "n": 5}}
        return tau_histograms(tau, parts, summary, name="one", title="One")


def _violins(values, top, predicted):
    with house_style():
        return violins(
            values,
            top,
            groups(predicted, ["no", "yes"]),
            name="violin",
            title="A violin",
            axis_label="change",
            limit=1.0,
            caption="",
        )


def test_svg_is_well_formed_described_and_free_of_addresses(tau, predicted):
    drawing = _histograms(tau, predicted)
    root = ET.fromstring(drawing.file)
    assert root.get("role") == "img"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for part in str(root.get("aria-labelledby")).split():
        assert part in ids
    assert root.find(f"{SVG}title").text == "One"  # pyright: ignore
    assert "http" not in drawing.inline
    outside = re.sub(rb'xmlns(:xlink)?="[^"]*"', b"", drawing.file)
    assert b"http" not in outside
    references = re.findall(r"(?:href=\"|url\()#([^\")]+)", drawing.inline)
    assert references
    assert set(references) <= set(ids)
    assert b"date" not in drawing.file.lower()


def test_text_stays_text(tau, predicted):
    drawing = _histograms(tau, predicted)
    words = " ".join(ET.fromstring(drawing.file).itertext())
    assert f"predicted no (n = {int((predicted == 0).sum())})" in words
    assert "mean" in words
    assert "median" in words


def test_the_same_numbers_give_the_same_bytes(tau, predicted):
    assert _histograms(tau, predicted) == _histograms(tau.copy(), predicted.copy())
    top = np.abs(tau)
    assert _violins(tau**2, top, predicted) == _violins(tau**2, top, predicted)


def test_bars_of_a_histogram_have_the_counts_heights():
    values = np.array([0.31] * 30 + [0.62] * 10 + [1.0] * 20)
    drawing = _histograms(values, np.zeros(60, int), names=("only",))
    bars = [
        [float(one) for one in re.findall(r"[ML] [\d.]+ ([\d.]+)", path)]
        for path, style in re.findall(r'<path d="([^"]*)"[^>]*style="([^"]*)"', drawing.inline)
        if "fill: #0072b2" in style
    ]
    heights = sorted(max(ends) - min(ends) for ends in bars)[-3:]
    # 10 : 20 : 30, to the six digits that matplotlib writes.
    assert [round(one / heights[-1], 3) for one in heights] == [0.333, 0.667, 1.0]


def test_undefined_taus_are_counted_and_an_empty_class_is_left_out(tau):
    tau[:7] = np.nan
    drawing = _histograms(tau, np.zeros(300, int))
    assert "n = 293, 7 undefined" in drawing.inline
    assert "predicted yes" not in drawing.inline


def test_hostile_class_names_stay_text(tau, predicted):
    drawing = _histograms(tau, predicted, names=("</svg><script>", "$\\frac{1}{2$ 😀 a\0b"))
    ET.fromstring(drawing.file)
    assert "<script" not in drawing.inline
    assert "\0" not in drawing.inline
    assert "😀" in drawing.inline


def test_many_classes_are_shown_together():
    predicted = np.arange(70) % (MAX_CLASSES + 1)
    parts = groups(predicted, [str(one) for one in range(MAX_CLASSES + 1)])
    assert len(parts) == 1
    assert parts[0].members.all()
    assert len(HATCHES) == len(COLOURS) == MAX_CLASSES


def test_density_of_a_sample_is_that_of_scipy():
    import scipy.stats

    values = np.random.default_rng(0).normal(0.5, 0.1, 2000)
    points = np.linspace(0.2, 0.8, 50)
    q25, q75 = np.percentile(values, [25, 75])
    width = 0.9 * min(values.std(), (q75 - q25) / 1.34) * 2000**-0.2
    expected = scipy.stats.gaussian_kde(values, width / values.std(ddof=1))(points)
    # Ours counts values in 400 bins first: half a bin is 0.001, a thirtieth of the kernel.
    np.testing.assert_allclose(density(values, points), expected / expected.max(), atol=0.01)


@pytest.mark.parametrize(
    "values", [np.zeros(50), np.full(50, 0.3), np.r_[np.zeros(49), 1.0], np.array([0.1] * 3)]
)
def test_degenerate_values_can_be_drawn(values):
    drawing = _violins(values, np.full(len(values), 0.9), np.zeros(len(values), int))
    assert f"n = {len(values)}" in drawing.inline
    assert "nan" not in drawing.inline.lower()


def test_bins_are_closed_as_labelled():
    assert bin_of(np.array([0.0, 0.2499, 0.25, 0.5, 0.75, 1.0, 1.0000001])).tolist() == [
        0,
        0,
        1,
        2,
        3,
        3,
        3,
    ]


def test_few_instances_are_points():
    few = _violins(np.array([0.1, 0.2, 0.3]), np.array([0.9] * 3), np.zeros(3, int))
    many = _violins(np.linspace(0, 1, 30), np.full(30, 0.9), np.zeros(30, int))
    assert few.inline.count("<use") > many.inline.count("<use")


def test_the_largest_possible_divergence_is_marked():
    with house_style():
        drawing = jsd_histogram(np.array([0.0, 0.3, LARGEST_JSD + 1e-7, np.nan]))
    assert "ln 2" in drawing.inline
    assert "n = 3" in drawing.inline
    assert "mean 0.33" in drawing.inline


def test_overview_and_evidence_are_described_in_words(tau):
    level = {"mean": 0.8, "ci95": [0.7, 0.9], "n": 5}
    with house_style():
        rows = [Row("attention / gradient", tau, Estimate(0.4, 0.3, 0.5), False)]
        overview = agreement_overview(rows)
        bars = evidence_bars(
            {"this model": {"attention": {"auprc": level, "precision": level}}},
            {"auprc": 0.3, "precision": 0.2},
        )
    assert f"mean {tau.mean():.2f}" in overview.inline
    assert "this model, attention: 0.80; chance: 0.30" in bars.inline
