"""Arrays that come from elsewhere: read, and refused where they cannot be meant."""

from typing import Any

import jax
import numpy as np

from attnjax.errors import UserError, raise_all

AFTER = "pass the weights after the softmax"

A_MASK = ("true, false, 1 or 0", "pass a mask of the tokens")

SUM_TOLERANCE = 1e-4
"""By how much the weights of a text may miss a sum of 1: half precision is not enough."""


def to_numpy(name: str, value: Any) -> np.ndarray:
    """Return anything that holds numbers as an array on the host."""
    try:
        if not isinstance(value, np.ndarray | jax.Array) and hasattr(value, "__dlpack__"):
            value = jax.dlpack.from_dlpack(value)
        array = np.asarray(value)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(
            name,
            found=f"a {type(value).__name__} that cannot be read ({error})",
            expected="an array of NumPy or JAX, or one that DLPack can exchange",
            action="pass a plain array; of PyTorch's tensors, tensor.detach().cpu()",
        ) from error
    kinds = (jax.numpy.floating, jax.numpy.integer, jax.numpy.bool_)
    if not any(jax.numpy.issubdtype(array.dtype, kind) for kind in kinds):
        raise UserError(
            name,
            found=f"the type {array.dtype}",
            expected="numbers",
            action="pass an array of numbers with rows of one length",
        )
    return array.astype(np.float64)


def check_arrays(arrays: dict[str, np.ndarray]) -> None:
    """Raise for shapes that do not fit together, else for all numbers that cannot be right.

    Args:
        arrays: attention, values, bias and where.
    """
    raise_all(_wrong_shapes(arrays))
    raise_all(_wrong_numbers(**arrays))


def check_rows(arrays: dict[str, np.ndarray]) -> None:
    """Raise for arrays that are not all of the shape [N, L], or a mask that is not one.

    Args:
        arrays: the last one is the mask.
    """
    name, where = list(arrays.items())[-1]
    shape = where.shape if where.ndim == 2 else ("N", "L")
    wrong = {name: array.shape for name, array in arrays.items() if array.shape != shape}
    raise_all([_shape_error(name, found, shape) for name, found in wrong.items()])
    raise_all(_errors(((name, where, (where != 0) & (where != 1), *A_MASK),)))


def _wrong_shapes(arrays: dict[str, np.ndarray]) -> list[UserError]:
    """Return a mistake for every shape that does not fit the others."""
    shapes = {name: array.shape for name, array in arrays.items()}
    where, values = shapes["where"], shapes["values"]
    num_logits = values[-1:] if len(values) == 3 else ("C",)
    if len(where) != 2 or 0 in where:
        expected = {"where": ("N", "L")}
    else:
        bias = shapes["bias"]
        expected = {
            "attention": where,
            "values": (*where, *num_logits),
            "bias": num_logits if len(bias) == 1 else (where[0], *num_logits),
        }
    wrong = {name: shape for name, shape in expected.items() if shapes[name] != shape}
    return [_shape_error(name, shapes[name], shape) for name, shape in wrong.items()]


def _shape_error(name: str, found: tuple, expected: tuple) -> UserError:
    return UserError(
        name,
        found=f"the shape {found}",
        expected="(" + ", ".join(map(str, expected)) + ")",
        action="pass all texts padded to one length L, with a mask of their tokens",
    )


def _wrong_numbers(
    attention: np.ndarray, values: np.ndarray, bias: np.ndarray, where: np.ndarray
) -> list[UserError]:
    """Return a mistake for every kind of number that cannot be right, with its first row."""
    here = where == 1
    weights = np.where(here, attention, 0)
    bias = np.broadcast_to(bias, (len(values), values.shape[2]))
    return _errors(
        (
            ("where", where, (where != 0) & ~here, *A_MASK),
            ("where", where, ~here.any(axis=1), "a token in every row", "leave out such rows"),
            ("attention", weights, ~np.isfinite(weights), "finite weights", "mend the export"),
            ("attention", weights, weights < 0, "weights of 0 or more", AFTER),
            (
                "attention",
                weights,
                here.any(axis=1) & ~(np.abs(weights.sum(axis=1) - 1) <= SUM_TOLERANCE),
                f"weights that sum to 1 over where, within {SUM_TOLERANCE:g}",
                f"{AFTER}, in single precision or better, and the mask that it used",
            ),
            (
                "values",
                values,
                here[..., None] & ~np.isfinite(values),
                "finite values",
                "mend the export",
            ),
            ("bias", bias, ~np.isfinite(bias), "finite numbers", "mend the export"),
        )
    )


def _errors(checks: tuple[tuple[str, np.ndarray, np.ndarray, str, str], ...]) -> list[UserError]:
    """Return a mistake for every check that fails: name, array, where wrong, expected, action."""
    return [
        UserError(name, found=_describe(name, wrong, array), expected=expected, action=action)
        for name, array, wrong, expected, action in checks
        if wrong.any()
    ]


def _describe(name: str, wrong: np.ndarray, array: np.ndarray) -> str:
    """Return the first wrong row or number, and in how many rows there is one."""
    place = tuple(int(at) for at in np.argwhere(wrong)[0])
    rows = int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
    if wrong.ndim > 1:
        found = f"{array[place]:g} at {list(place)}"
    elif name == "attention":
        found = f"a sum of {array[place].sum():g} in row {place[0]}"
    else:
        found = f"none in row {place[0]}"
    return f"{found} (such rows: {rows})"
