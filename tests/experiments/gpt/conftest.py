"""Toy files and a finished toy run, made once for all tests of fine-tuning."""

import pytest

from tests.experiments.gpt import toy_fine_tuning as toy


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A folder of compiled programs: trainings of one shape are compiled once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTNJAX_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def files(tmp_path_factory, compiled):
    """Toy files of every kind of task, weights, and two pre-trainings."""
    folder = tmp_path_factory.mktemp("files")
    for write in (toy.write_sst2, toy.write_cola, toy.write_stsb, toy.write_dream):
        write(folder / "data")
    toy.write_weights(folder / "weights")
    toy.write_pretraining(folder / "pretrained")
    toy.write_pretraining(folder / "lstm", lstm_units=6)
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory, files):
    """A finished run with every analysis; tests that change its folder copy it first."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    code = toy.run(
        folder,
        fine_tuning__dir=files / "data",
        fine_tuning__start=files / "pretrained",
        analyses="ablations,layers,zero_shot",
        ablations__lstm=files / "lstm",
        layers__counts="-1,1,2",
        zero_shot__tasks="cola,sst2,dream",
    )
    assert code == 0
    return folder
