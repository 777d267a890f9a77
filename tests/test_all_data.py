"""Every data set of the papers, from its real files where they are there: loaded, tried, told.

Sixteen instances of each split, cut to 64 tokens, through every test of a trained model.
Data that only their users may have (MIMIC-III, CNN, the tweets) have tests of their own, on
generated files: `test_medical_run.py`, `data/texts/test_cnn.py`.
"""

import json

import numpy as np
import pytest

from attnjax.cli import main
from attnjax.config.sections import DATA_NAMES
from tests.processes import ROOT

MADE = ("planted", "file", "tfds")
ELSEWHERE = ("adr_tweets", "diabetes", "anemia", "cnn")

REAL = {name: () for name in DATA_NAMES if name not in (*MADE, *ELSEWHERE, "babi")} | {
    "babi-1": ("--config.data.task=1",),
    "babi-2": ("--config.data.task=2",),
    "babi-3": ("--config.data.task=3", "--config.data.stories=official"),
    "babi-3-generated": ("--config.data.task=3", "--config.data.stories=generated",
                         "--config.data.size=200"),
}  # fmt: skip
SMALL = [
    "--config.data.limit=16",
    "--config.data.max_length=66",  # with start and end
    "--config.data.num_buckets=1",
    "--config.data.min_count=1",
    "--config.data.unknown_only=keep",
    "--config.model.encoder=average",  # quickly compiled
    "--config.model.embedding_size=4",
    "--config.model.hidden_size=4",
    "--config.training.epochs=1",
    "--config.training.batch_size=16",
    "--config.permutation.count=5",
    "--config.adversary.candidates=2",
    "--config.adversary.steps=10",
    "--config.bootstrap.samples=10",
    "--config.report.instances=3",
]
TESTS = (
    "gradient_agreement,leave_one_out_agreement,gradient_leave_one_out,random_agreement,"
    "permutation,adversary,exact_adversary"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_data_set_is_loaded_and_put_on_trial(name, shared_data, tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNJAX_DATA_DIR", str(shared_data))
    source = name.split("-")[0]
    tests = TESTS + ",plausibility" * (source == "eraser_movies")
    code = main(
        [
            f"--config=configs/{source}.py",
            f"--workdir={tmp_path}",
            *SMALL,
            *REAL[name],
            f"--config.tests={tests}",
        ],
        root=ROOT,
    )
    assert code == 0
    results = json.loads((tmp_path / "results.json").read_text())
    dataset = results["dataset"]
    assert dataset["splits"] == {"train": 16, "dev": 16, "test": 16}
    assert dataset["dropped"]["beyond config.data.limit"] > 0
    assert set(tests.split(",")) - {"exact_adversary"} <= set(results["tests"])
    for test in ("gradient_agreement", "leave_one_out_agreement"):
        overall = results["tests"][test]["tau"]["overall"]
        assert overall["n"] + overall["undefined"] == 16
    assert 0 <= results["tests"]["adversary"]["search"]["max_jsd"]["mean"] <= np.log(2)
    question = "question" in (tmp_path / "report.html").read_text()
    assert question or source not in ("babi", "snli")


def test_every_name_has_a_test():
    tried = {name.split("-")[0] for name in REAL}
    assert tried | set(MADE) | set(ELSEWHERE) == set(DATA_NAMES)
