"""One process of one; `tests/training/gpt/test_placement.py` has two."""

import jax
import pytest

from attnjax.errors import ConfigError
from attnjax.training import hosts
from attnjax.training.journal import Unwritten
from attnjax.training.progress import Silent, make_display


def test_one_process_writes_waits_for_nobody_and_decides_alone():
    hosts.join_hosts("", num_processes=1, process_id=0)
    assert hosts.is_writer()
    hosts.wait_for_hosts("now")
    assert [hosts.agreed(lambda wanted=wanted: wanted) for wanted in (True, False)] == [True, False]


@pytest.mark.parametrize("number", [-1, 2])
def test_a_number_outside_the_group_is_refused(number):
    with pytest.raises(ConfigError, match=f"process_id: found {number}; expected .* from 0 to 1"):
        hosts.join_hosts("localhost:1", num_processes=2, process_id=number)


def test_joining_too_late_is_the_users_mistake():
    jax.devices()
    with pytest.raises(ConfigError, match="before anything else uses JAX"):
        hosts.join_hosts("localhost:1", num_processes=2, process_id=0)


def test_what_another_process_writes_is_not_written_here(monkeypatch, capsys):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    assert not hosts.is_writer()
    with make_display("train", progress=True, num_epochs=1, num_steps=1) as display:
        assert isinstance(display, Silent)
        display.show_step(1, 0.5, 1.0)
        display.show_epoch(0, 0.5, {"loss": 0.5}, 1.0)
    with Unwritten("train") as journal:
        journal.write(step=1)
        journal.synchronise()
    assert capsys.readouterr().err == ""
