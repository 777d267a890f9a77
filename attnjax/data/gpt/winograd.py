"""Winograd schemas: a sentence, a pronoun in it, and the two things that it may stand for."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from attnjax.data.gpt.choice_records import json_object
from attnjax.data.reading import raise_some, read_lines
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.sentences import no_texts
from attnjax.errors import DataError, UserError

NO_REST = "nothing follows the pronoun, so there is no rest to be predicted"

SEVERAL = (
    "the pronoun stands in the sentence several times, and the file does not say which is meant"
)


class Schema(NamedTuple):
    """One sentence with a pronoun.

    Attributes:
        before: what stands before the pronoun.
        after: what stands behind it.
        candidates: the two referents.
        label: which one is right, 0 or 1.
        origin: where it stands.
    """

    before: str
    after: str
    candidates: tuple[str, str]
    label: int
    origin: str


class Schemas(NamedTuple):
    """All schemas of a file, and what was left out, by reason."""

    schemas: tuple[Schema, ...]
    dropped: Counter[str]


def read_winograd(path: Path) -> Schemas:
    r"""Read schemas, in any of three formats.

    - `.xml`: the official collection, `schema` elements with `text/txt1`, `text/txt2`,
      `answers/answer` and `correctAnswer`;
    - `.json`, `.jsonl`: objects (a list, or one a line) with `text`, `pronoun`, `pronoun_loc`,
      `options` and `label`;
    - any other name: blocks of four lines (sentence, pronoun, `first,second`, the right one), as
      the Definite Pronoun Resolution data that the paper names are spread.

    Args:
        path: of the file, gzipped if its name ends in `.gz`.

    Returns:
        The schemas. Left out and counted are those whose pronoun ends the sentence and those of
        text files whose pronoun stands there several times.

    Raises:
        DataError: naming every schema that is wrong.

    Source: Levesque, Davis & Morgenstern (2012); Rahman & Ng (2012); Radford et al. (2018),
    section 5.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "toy.txt"
        >>> _ = path.write_text("Ann saw Eve as she left.\nshe\nAnn,Eve\nEve\n")
        >>> read_winograd(path).schemas[0][:4]
        ('Ann saw Eve as', 'left.', ('Ann', 'Eve'), 1)
    """
    errors: list[UserError] = []
    dropped: Counter[str] = Counter({NO_REST: 0, SEVERAL: 0})
    plain = path.name.removesuffix(".gz")
    if plain.endswith(".xml"):
        found = list(_of_xml(path, errors))
    elif plain.endswith((".json", ".jsonl")):
        found = list(_of_json(path, errors))
    else:
        found = list(_of_blocks(path, errors, dropped))
    raise_some(errors)
    if not found:
        raise no_texts(path)
    kept = tuple(one for one in found if re.search(r"\w", one.after))
    dropped[NO_REST] += len(found) - len(kept)
    return Schemas(kept, dropped)


def _schema(
    where: str,
    parts: tuple[str, str],
    candidates: Sequence[str],
    label: int | None,
    errors: list[UserError],
) -> list[Schema]:
    """Return a schema, or nothing after noting what is wrong with it."""
    before, after = (" ".join(part.split()) for part in parts)
    both = [" ".join(each.split()) for each in candidates]
    if len(both) != 2 or not all(both):
        errors.append(wrong_line(where, f"{len(both)} referents", "two, with words"))
    elif label not in (0, 1):
        errors.append(wrong_line(where, "a right answer that is no referent", "one of the two"))
    else:
        return [Schema(before, after, (both[0], both[1]), label, where)]
    return []


def _of_xml(path: Path, errors: list[UserError]) -> Iterator[Schema]:
    content = "\n".join(read_lines(path))
    if "<!ENTITY" in content:
        # Entities may name each other until they fill the memory.
        raise _damaged(path, "XML with entities of its own")
    try:
        # The declaration may name another encoding than what was decoded already.
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml.*?\?>", "", content))
    except ElementTree.ParseError as error:
        raise _damaged(path, f"no XML ({error})") from error
    for number, element in enumerate(root.iter("schema"), start=1):
        where = f"{path}, schema {number}"
        text = [_text(element, f"text/{part}") for part in ("txt1", "txt2")]
        answers = [each.text or "" for each in element.iterfind("answers/answer")]
        # Written "A", "A." or "B. ".
        letter = _text(element, "correctAnswer").strip().rstrip(".").strip().upper()
        label = {"A": 0, "B": 1}.get(letter)
        yield from _schema(where, (text[0], text[1]), answers, label, errors)


def _text(element: ElementTree.Element, path: str) -> str:
    return element.findtext(path) or ""


def _of_json(path: Path, errors: list[UserError]) -> Iterator[Schema]:
    lines = [line for line in read_lines(path) if line.strip()]
    if lines and lines[0].lstrip().startswith("["):
        try:
            values = json.loads("\n".join(lines))
        except ValueError as error:
            raise _damaged(path, f"no JSON ({error})") from error
        objects = [(f"{path}, schema {i}", value) for i, value in enumerate(values, start=1)]
    else:
        objects = [
            (f"{path}, schema {i}", json_object(f"{path}, schema {i}", line, errors))
            for i, line in enumerate(lines, start=1)
        ]
    for where, value in objects:
        if not isinstance(value, dict):
            errors.append(wrong_line(where, f"a JSON {type(value).__name__}", "a JSON object"))
            continue
        fields = ("text", "pronoun", "pronoun_loc", "options", "label")
        missing = [name for name in fields if name not in value]
        if missing:
            found, expected = f"no {', '.join(missing)}", "an object with " + ", ".join(fields)
            errors += [wrong_line(where, found, expected)] if value else []
            continue
        text, pronoun, place, options, label = (value[name] for name in fields)
        if not _stands_there(text, pronoun, place):
            expected = "the pronoun's first character, counted from 0"
            errors.append(wrong_line(where, f"pronoun_loc {place!r}", expected))
            continue
        parts = (text[:place], text[place + len(pronoun) :])
        listed = options if isinstance(options, list) else []
        yield from _schema(where, parts, list(map(str, listed)), label, errors)


def _stands_there(text: object, pronoun: object, place: object) -> bool:
    """Return whether a pronoun stands at a place of a text."""
    if not (isinstance(text, str) and isinstance(pronoun, str) and type(place) is int):
        return False
    return place >= 0 and bool(pronoun) and text[place:].startswith(pronoun)


def _of_blocks(path: Path, errors: list[UserError], dropped: Counter[str]) -> Iterator[Schema]:
    for first, lines in _blocks(path):
        where = f"{path}, line {first}"
        if len(lines) != 4:
            found = f"{len(lines)} lines before a blank one"
            errors.append(wrong_line(where, found, "sentence, pronoun, two referents, the answer"))
            continue
        sentence, pronoun, both, right = lines
        parts = re.split(rf"(?<!\w){re.escape(pronoun)}(?!\w)", sentence)
        if len(parts) < 2:
            errors.append(wrong_line(where, f"no {pronoun!r} in the sentence", "the pronoun"))
            continue
        if len(parts) > 2:
            dropped[SEVERAL] += 1
            continue
        candidates = [each.strip() for each in both.split(",")]
        label = candidates.index(right) if right in candidates else None
        yield from _schema(where, (parts[0], parts[1]), candidates, label, errors)


def _blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between blank ones, with the number of the first."""
    block: list[str] = []
    first = 1
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            first = number if not block else first
            block.append(line.strip())
        elif block:
            yield first, block
            block = []
    if block:
        yield first, block


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found=found,
        expected="Winograd schemas",
        action="get an undamaged copy of the file",
    )
