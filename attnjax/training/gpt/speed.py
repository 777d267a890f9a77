"""How much of a device's speed a training uses."""

from typing import Any, NamedTuple

PEAKS = (
    ("TPU v6 lite", 918e12),
    ("TPU v6e", 918e12),
    ("TPU v5 lite", 197e12),
    ("TPU v5e", 197e12),
    ("TPU v5p", 459e12),
    ("TPU v5", 459e12),
    ("TPU v4", 275e12),
    ("NVIDIA B200", 2250e12),
    ("NVIDIA H200", 989e12),
    ("NVIDIA H100 PCIe", 756e12),
    ("NVIDIA H100 NVL", 835e12),
    ("NVIDIA H100", 989e12),
    ("NVIDIA A100", 312e12),
    ("NVIDIA L40S", 362e12),
    ("NVIDIA L40", 181e12),
    ("NVIDIA L4", 121e12),
)
"""Dense bfloat16 operations a second, by the beginning of a device's kind, as the makers
state them (without sparsity); the first that fits counts."""


class DecoderShape(NamedTuple):
    """What the work of a decoder depends on.

    Attributes:
        num_layers: blocks.
        width: of the residual stream.
        num_outputs: rows of the output table, by which logits are computed.
        context: positions of a sequence.
    """

    num_layers: int
    width: int
    num_outputs: int
    context: int


def flops_per_token(shape: DecoderShape) -> float:
    r"""Return the floating-point operations of a training step for each token of it.

    \\( 6 (12 N C^2 + V C) + 12 N C T \\): two operations for every weight of a block's
    matrices (12 C squared of them) and of the output table going forward and twice as many
    going back, and the same for the products of queries, keys and values over the whole
    context, masked half included. Norms, softmax, the embedding's lookup and what is computed
    again to save memory are not counted.

    Args:
        shape: of the decoder; N layers, C wide, V outputs, T positions.

    Source: Chowdhery et al. (2022), appendix B (model flops utilisation).

    Example:
        >>> flops_per_token(DecoderShape(num_layers=1, width=2, num_outputs=5, context=3))
        420.0
    """
    n, c, v, t = shape
    return float(6 * (12 * n * c * c + v * c) + 12 * n * c * t)


def lstm_flops_per_token(*, units: int, width: int, num_outputs: int) -> float:
    r"""Return the same of one LSTM for the blocks: \\( 6 (4 (C + H) H + H C + V C) \\).

    Args:
        units: H, of the LSTM.
        width: C, of embeddings and of what the output table reads.
        num_outputs: V, rows of that table.

    Example:
        >>> lstm_flops_per_token(units=2, width=1, num_outputs=3)
        174.0
    """
    h, c, v = units, width, num_outputs
    return float(6 * (4 * (c + h) * h + h * c + v * c))


def peak_flops(device_kind: str) -> float | None:
    """Return a device's dense bfloat16 operations a second, or None where nobody stated them.

    Args:
        device_kind: as JAX calls it.

    Example:
        >>> peak_flops("NVIDIA H100 80GB HBM3"), peak_flops("cpu")
        (989000000000000.0, None)
    """
    return next((peak for name, peak in PEAKS if device_kind.startswith(name)), None)


def utilisation(
    tokens_per_second: float, *, flops: float, device_kind: str, num_devices: int
) -> float | None:
    """Return the share of the devices' peak that goes into the model (MFU), in [0, 1].

    Args:
        tokens_per_second: over all devices.
        flops: operations for each token, see `flops_per_token`.
        device_kind: as JAX calls it.
        num_devices: of the run.

    Returns:
        None where the peak of that kind of device is not known.

    Example:
        >>> utilisation(1e5, flops=1e9, device_kind="TPU v4", num_devices=1)
        0.36363636363636365
    """
    peak = peak_flops(device_kind)
    return None if peak is None else tokens_per_second * flops / (peak * num_devices)


def described_speed(
    tokens_per_second: float, *, flops: float, devices: list[Any]
) -> dict[str, float]:
    """Return the utilisation as a field of a logged step, where it is known.

    Args:
        tokens_per_second: over all devices.
        flops: operations for each token; 0 where nobody counted them.
        devices: of the run, all of one kind.

    Example:
        >>> import jax
        >>> described_speed(10.0, flops=1.0, devices=jax.devices("cpu"))
        {}
    """
    share = utilisation(
        tokens_per_second,
        flops=flops,
        device_kind=devices[0].device_kind,
        num_devices=len(devices),
    )
    return {} if share is None or not flops else {"mfu": round(share, 4)}
