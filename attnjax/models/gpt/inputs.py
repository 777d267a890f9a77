"""Inputs of one instance of a GPT, for trying a model out and for initialising one."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from attnjax.data.reading import raise_some
from attnjax.errors import DataError, UserError
from attnjax.models.gpt.settings import GPTSettings
from attnjax.types import Inputs


def gpt_inputs(
    settings: GPTSettings,
    sequences: Sequence[Sequence[int]],
    *,
    length: int = 0,
    label: int = -1,
    instance_id: int = 0,
) -> Inputs:
    """Return one instance of sequences of ids, padded at their end.

    Attendable, that is, what statistics are taken over, are the tokens that are not special.

    Args:
        settings: of the model.
        sequences: one, the two orders of a pair, or one for each choice; ids below
            `settings.num_tokens`.
        length: positions to pad to; 0 for those of the longest sequence.
        label: the class, or -1.
        instance_id: what the instance's randomness is keyed by.

    Raises:
        DataError: for each sequence that is empty, too long or has an id that is no token.

    Example:
        >>> settings = GPTSettings(vocabulary_size=9)
        >>> inputs = gpt_inputs(settings, [[9, 4, 11]], length=4)
        >>> inputs.token_ids.tolist(), inputs.attendable.astype(int).tolist()
        ([[9, 4, 11, 0]], [[0, 1, 0, 0]])
    """
    length = length or max(map(len, sequences), default=0)
    errors: list[UserError] = []
    token_ids = np.zeros((len(sequences), length), np.int32)
    mask = np.zeros(token_ids.shape, bool)
    for row, ids in enumerate(sequences):
        where = f"sequence {row}"
        wrong = [one for one in ids if not 0 <= one < settings.num_tokens]
        if not 0 < len(ids) <= min(length, settings.context):
            most = min(length, settings.context)
            errors.append(_error(where, f"{len(ids)} tokens", f"1 to {most}"))
        elif wrong:
            errors.append(_error(where, f"the id {wrong[0]}", f"0 to {settings.num_tokens - 1}"))
        else:
            token_ids[row, : len(ids)] = ids
            mask[row, : len(ids)] = True
    raise_some(errors)
    attendable = mask & (token_ids < settings.vocabulary_size)
    return Inputs(
        token_ids=jnp.asarray(token_ids),
        mask=jnp.asarray(mask),
        attendable=jnp.asarray(attendable),
        label=jnp.asarray(label),
        instance_id=jnp.asarray(instance_id),
    )


def _error(where: str, found: str, expected: str) -> DataError:
    return DataError(where, found=found, expected=expected, action="encode the text again")
