"""What a report says of questions, whose answers are many and not always all possible."""

import json

from attnjax.report.page import write_report
from tests.report.synthetic import make_run
from tests.report.test_page import page_of

NAMES = tuple(f"@entity{number}" for number in range(8))


def test_many_classes_are_taken_together(tmp_path):
    """Of many classes some two always differ, and a row each would bury the one of all."""
    folder = make_run(tmp_path, n=200, class_names=NAMES, tests=("gradient_agreement",),
                      published=None)  # fmt: skip
    results = json.loads((folder / "results.json").read_text())
    by_class = results["tests"]["gradient_agreement"]["tau"]["by_class"]
    assert len(by_class) == 8
    by_class["0"] |= {"mean": -0.9, "ci95": [-0.9, -0.9]}
    (folder / "results.json").write_text(json.dumps(results))
    write_report(folder, instances_limit=0, title="names")
    text = page_of(folder).text
    assert "differs by predicted class" not in text
    assert "8 of 8 classes are predicted: too many for a row each" in text
