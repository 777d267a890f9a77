import jax
import jax.numpy as jnp
import optax
import pytest

from attnjax.training.gpt.placement import gpt_mesh
from attnjax.training.gpt.step import Loss, compile_gpt_step, placed_state


def test_every_step_has_noise_of_its_own_and_metrics_are_means_of_a_window():
    """The loss is a draw: it differs between steps, and is the same draw for the same step."""

    def loss_fn(params, batch, key):
        return Loss(jax.random.uniform(key) + 0.0 * params["w"].sum() * batch.sum())

    optimizer, mesh = optax.sgd(0.1), gpt_mesh(devices=jax.devices()[:1])

    def run(seed):
        state = placed_state(
            {"w": jnp.ones(2)}, optimizer=optimizer, key=jax.random.key(seed), mesh=mesh
        )
        step = compile_gpt_step(state, loss_fn=loss_fn, optimizer=optimizer, log_every=2, mesh=mesh)
        found = []
        for _ in range(3):
            state, metrics = step(state, jnp.ones(1))
            found.append((float(metrics.loss), float(metrics.window_loss)))
        return found

    first = run(0)
    assert run(0) == first
    losses = [loss for loss, _ in first]
    assert len({*losses, *(loss for loss, _ in run(1))}) == 6
    assert [mean for _, mean in first] == pytest.approx(
        [losses[0], (losses[0] + losses[1]) / 2, losses[2]]
    )
