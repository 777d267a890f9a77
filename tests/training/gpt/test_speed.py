import jax
import jax.numpy as jnp
import pytest

from attnjax.training.gpt.speed import (
    DecoderShape,
    described_speed,
    flops_per_token,
    peak_flops,
    utilisation,
)


def test_the_formula_counts_what_a_decoder_multiplies():
    """The compiler's own count of the products of one block and the output, forward and back."""
    layers, width, outputs, context = 2, 32, 64, 16

    def decoder(params, x):
        for block in params["blocks"]:
            q, k, v = jnp.split(x @ block["qkv"], 3, axis=-1)
            x = (q @ k.T @ v) @ block["out"]
            x = x @ block["up"] @ block["down"]
        return (x @ params["table"].T).sum()

    block = {
        "qkv": jnp.ones((width, 3 * width)),
        "out": jnp.ones((width, width)),
        "up": jnp.ones((width, 4 * width)),
        "down": jnp.ones((4 * width, width)),
    }
    params = {"blocks": [block] * layers, "table": jnp.ones((outputs, width))}
    x = jnp.ones((context, width))
    compiled = jax.jit(jax.grad(decoder, argnums=(0, 1))).lower(params, x).compile()
    counted = compiled.cost_analysis()["flops"] / context
    expected = flops_per_token(DecoderShape(layers, width, outputs, context))
    # The compiler replaces the product of the output with its sum.
    without_output = expected - 6 * outputs * width
    assert without_output * 0.95 < counted < expected * 1.05


def test_the_full_size_model():
    # 85 million weights of blocks and 31 million of the table, six operations each, and 57
    # million for attention.
    shape = DecoderShape(num_layers=12, width=768, num_outputs=40993, context=512)
    weights = 12 * 12 * 768**2 + 40993 * 768
    assert flops_per_token(shape) == 6 * weights + 12 * 12 * 768 * 512


@pytest.mark.parametrize(
    ("kind", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L4", 121e12),
        ("TPU v5 lite", 197e12),
        ("cpu", None),
    ],
)
def test_peaks_are_told_by_the_beginning_of_a_name(kind, peak):
    assert peak_flops(kind) == peak


class Device:
    device_kind = "NVIDIA A100-SXM4-80GB"


def test_utilisation_counts_all_devices():
    share = utilisation(1e6, flops=3.12e8, device_kind=Device.device_kind, num_devices=2)
    assert share == pytest.approx(0.5)
    assert described_speed(1e6, flops=3.12e8, devices=[Device()] * 2) == {"mfu": 0.5}
    assert described_speed(1e6, flops=0.0, devices=[Device()]) == {}
