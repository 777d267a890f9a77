"""The diagram of the run's models: only those, with their scores, legible and in words."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

from attnjax.report.diagram import GLUE, diagram_of, diagram_words
from attnjax.report.diagram_drawing import WIDTH, draw_diagram, wrap
from attnjax.report.facts import Facts
from attnjax.report.load import read_run

from .synthetic import make_run
from .synthetic_models import add_models, change_results

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return add_models(make_run(tmp_path_factory.mktemp("full"), n=40))


def _facts(folder):
    return Facts(read_run(folder))


def _texts(drawing):
    return " ".join(one.text or "" for one in ET.fromstring(drawing.file).iter(f"{SVG}text"))


def test_scores_of_the_results_stand_on_the_models(full):
    diagram = diagram_of(_facts(full))
    tests = json.loads((full / "results.json").read_text())["tests"]
    found = {one.key: " ".join(one.lines) for one in (*diagram.models, *diagram.guides)}
    sweep = tests["trained_adversary"]
    chosen = sweep["lambdas"][sweep["chosen"]]
    assert f"JSD{GLUE}{chosen['jsd']:.2f}" in found["trained_adversary"]
    assert f"F1{GLUE}{tests['uniform']['uniform']['f1']:.3f}" in found["uniform"]
    assert f"± {tests['seeds']['f1']['std']:.3f}" in found["seeds"]
    assert f"AUC{GLUE}{tests['guides']['base']['auc']:.3f}" in found["guide-base"]
    assert f"mass{GLUE}0.004, base{GLUE}0.620" in found["mass_adversary"]
    assert found["base"].startswith("BiLSTM, additive attention")


def test_arrows_lead_from_what_was_copied_or_imitated(full):
    arrows = {one.target: one for one in diagram_of(_facts(full)).arrows}
    assert arrows["guide-base"][0] == arrows["seeds"].source == "base"
    assert arrows["guide-adversary"].source == "trained_adversary"
    assert "imitate" in arrows["trained_adversary"].label
    assert arrows["seeds"].label == "same model, other seed"
    assert "guide-uniform" not in arrows
    assert "guide-trained" not in arrows


def test_the_same_is_said_in_words(full):
    diagram = diagram_of(_facts(full))
    drawing = draw_diagram(diagram)
    root = ET.fromstring(drawing.file)
    assert root.get("role") == "img"
    words = root.find(f"{SVG}desc").text  # pyright: ignore
    assert words == diagram_words(diagram)
    assert "Guide: the base's attention: attention copied from base model." in words
    assert "From base model to other seeds: same model, other seed." in words
    drawn = _texts(drawing).replace(GLUE, " ")
    for one in (*diagram.models, *diagram.guides):
        for line in (one.title, *one.lines):
            assert line.replace(GLUE, " ") in words
            assert line.split(" ")[0].replace(GLUE, " ") in drawn


def test_models_that_were_not_trained_are_absent(tmp_path):
    folder = add_models(make_run(tmp_path, n=20), tests=("uniform", "guides"))
    change_results(folder, lambda tests: tests["guides"].pop("adversary"))
    diagram = diagram_of(_facts(folder))
    assert [one.key for one in diagram.models] == ["base", "uniform"]
    assert [one.key for one in diagram.guides] == ["guide-base", "guide-trained", "guide-uniform"]
    drawn = _texts(draw_diagram(diagram))
    assert "adversary" not in drawn.lower()
    assert "seed" not in drawn.replace("mean of 8 seeds", "").replace("seeds", "")


def test_an_adversary_guide_without_the_adversary_has_no_arrow(tmp_path):
    folder = add_models(make_run(tmp_path, n=20), tests=("guides",))
    diagram = diagram_of(_facts(folder))
    assert [one.target for one in diagram.arrows] == ["guide-base"]
    draw_diagram(diagram)


def test_a_base_of_another_run_is_a_model_of_its_own(tmp_path):
    folder = add_models(make_run(tmp_path, n=20), base="runs/elsewhere")
    diagram = diagram_of(_facts(folder))
    arrows = {one.target: one.source for one in diagram.arrows}
    assert arrows["trained_adversary"] == "other_base"
    assert "elsewhere" in _texts(draw_diagram(diagram))


def test_where_everything_diverged_the_boxes_say_so(tmp_path):
    folder = add_models(make_run(tmp_path, n=20), lambdas=(0.001,), diverged=(0,))

    def nothing(tests):
        tests["seeds"] |= {"f1": {"mean": None, "std": None}}
        tests["seeds"]["jsd"]["mean"] = tests["uniform"]["uniform"]["f1"] = None
        tests["mass_adversary"]["mass"]["adversary"] = [None, None]

    change_results(folder, nothing)
    drawn = _texts(draw_diagram(diagram_of(_facts(folder))))
    assert "no λ has numbers" in drawn
    assert "no penalty has numbers" in drawn
    assert "None" not in drawn
    assert "nan" not in drawn


def test_nothing_is_drawn_outside_or_over_another_box(full):
    root = ET.fromstring(draw_diagram(diagram_of(_facts(full))).file)
    height = float(str(root.get("viewBox")).split()[3])
    boxes = [
        [float(str(one.get(key))) for key in ("x", "y", "width", "height")]
        for one in root.iter(f"{SVG}rect")
    ]
    for x, y, wide, high in boxes:
        assert 0 <= x < x + wide <= WIDTH
        assert 0 <= y < y + high <= height
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            apart = (
                one[0] + one[2] <= other[0]
                or other[0] + other[2] <= one[0]
                or one[1] + one[3] <= other[1]
                or other[1] + other[3] <= one[1]
            )
            assert apart, (one, other)


def test_text_is_legible_on_a_phone(full):
    drawing = draw_diagram(diagram_of(_facts(full)))
    sizes = {float(one) for one in re.findall(r'font-size="([\d.]+)"', drawing.inline)}
    # A phone of 400 pixels leaves 360 for a figure.
    assert min(sizes) * 360 / WIDTH >= 10.4
    assert 'class="narrow"' in drawing.inline


def test_the_same_run_is_drawn_by_the_same_bytes(full):
    assert draw_diagram(diagram_of(_facts(full))) == draw_diagram(diagram_of(_facts(full)))


def test_lines_are_broken_at_spaces_and_not_at_glue():
    assert wrap(f"F1{GLUE}0.5, AUC{GLUE}0.6", 60.0, "line") == [f"F1{GLUE}0.5,", f"AUC{GLUE}0.6"]
    assert wrap("word\0", 1.0, "line") == ["word\N{REPLACEMENT CHARACTER}"]
