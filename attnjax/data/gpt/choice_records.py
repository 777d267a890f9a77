"""What every reader of multiple choice checks in a question."""

import json
from collections.abc import Mapping
from typing import Any

from attnjax.data.labelled import Record
from attnjax.data.texts.mistakes import wrong_line
from attnjax.errors import UserError


def choice_record(
    where: str,
    origin: str,
    *,
    context: Any,
    question: Any,
    choices: Any,
    answer: int | str | None,
    count: int,
    errors: list[UserError],
) -> Record | None:
    """Return a question with its choices, or None after noting what is wrong.

    Args:
        where: it stands, with the whole path.
        origin: the same without folders.
        context: what is read.
        question: what is asked, or None where the context alone is continued.
        choices: the possible answers.
        answer: the right one, or its place from 0; None where the file's is neither.
        count: choices that every question of the data set has.
        errors: of the file so far, added to.
    """
    known = len(errors)
    texts = [context, *([] if question is None else [question])]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        errors.append(wrong_line(where, "no text or no question", "both, with words"))
    if not isinstance(choices, list | tuple) or not all(isinstance(each, str) for each in choices):
        errors.append(wrong_line(where, "choices that are no list of texts", "a list"))
    elif len(choices) != count:
        errors.append(wrong_line(where, f"{len(choices)} choices", f"{count} for every question"))
    else:
        right = choices[answer] if isinstance(answer, int) and answer < count else answer
        if right not in choices:
            found = f"an answer {answer!r} that is no choice"
            errors.append(wrong_line(where, found, "one of the choices"))
        elif len(errors) == known:
            return Record(context, str(right), origin, question=question, candidates=tuple(choices))
    return None


def json_object(where: str, text: str, errors: list[UserError]) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one after noting that there is none.

    Args:
        where: it stands.
        text: of it.
        errors: of the file so far, added to.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        errors.append(wrong_line(where, f"no JSON ({error})", "a JSON object"))
        return {}
    if not isinstance(value, dict) or not value:
        errors.append(wrong_line(where, f"a JSON {type(value).__name__}", "a JSON object"))
        return {}
    return value
