"""ERASER's movie reviews: whole reviews with the words that people gave as their reasons."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from attnjax.data.corpus import SPLITS
from attnjax.data.labelled import Record
from attnjax.data.reading import decoded_lines, raise_some, read_lines
from attnjax.data.texts.archives import Line, is_archive, part_lines, read_members
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import DataError, UserError

LABELS = {"NEG": "negative", "POS": "positive"}


class _Review(NamedTuple):
    """What is annotated of one review, and where that stands."""

    review_id: str
    label: str
    spans: list[dict[str, Any]]
    line: Line


def read_eraser(files: Mapping[str, Path]) -> Reading:
    """Read reviews and the spans that people marked as evidence for their label.

    The rationale of a review has one flag for each word between white space, set where any
    span covers the word; spans of no word are counted in a note. The shares of marked words differ:
    0.09 in train and 0.07 in dev, where people marked what suffices, but 0.31 in test, where
    they were asked for all of it.

    Args:
        files: `train`, `dev` and `test` (JSON lines), and `documents`: JSON lines of
            `docid` and `text`, or the official folder `docs` with one file a review; or for
            all of them the official archive.

    Raises:
        DataError: naming file and line of what is not as it should be.

    Source: DeYoung et al. (2020), ERASER, section 4 (movie reviews); the reviews and
    rationales are those of Zaidan, Eisner & Piatko (2007).

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> files = {name: folder / f"{name}.jsonl" for name in (*SPLITS, "documents")}
        >>> _ = files["documents"].write_text('{"docid": "a", "text": "so dull ."}')
        >>> span = '{"docid": "a", "start_token": 1, "end_token": 2, "text": "dull"}'
        >>> for split in SPLITS:
        ...     _ = files[split].write_text('{"annotation_id": "a", "classification": "NEG", '
        ...         f'"evidences": [[{span}]]}}')
        >>> read_eraser({"train": files["train"], "documents": files["documents"]}).records[
        ...     "train"][0].rationale
        (False, True, False)
    """
    errors: list[UserError] = []
    empty = 0
    documents = _documents(files["documents"], errors)
    records: dict[str, list[Record]] = {}
    first: dict[str, str] = {}
    for split in SPLITS:
        if split not in files:
            continue
        records[split] = []
        for review in _reviews(files[split], _NAMES[split], errors):
            if review.review_id in first:
                found = f"review {review.review_id!r} again (before: {first[review.review_id]})"
                errors.append(_wrong(review.line, found, "every review once"))
                continue
            first[review.review_id] = review.line.origin
            words = documents.get(review.review_id)
            if words is None:
                expected = f"a review of {files['documents']}"
                errors.append(_wrong(review.line, f"review {review.review_id!r}", expected))
                continue
            rationale, spans_without_words = _rationale(review, words, errors)
            empty += spans_without_words
            text = " ".join(words)
            records[split].append(
                Record(text, review.label, review.line.origin, rationale=rationale)
            )
    raise_some(errors)
    dropped = Counter({"review without annotation": len(documents.keys() - first.keys())})
    note = f"ERASER: spans of evidence without a word, which mark nothing: {empty:,}."
    return Reading(records, +dropped, (note,) if empty else ())


def _documents(path: Path, errors: list[UserError]) -> dict[str, list[str]]:
    """Return the words of every review by its id."""
    if path.is_dir():
        return {
            file.name: " ".join(read_lines(file)).split()
            for file in sorted(path.iterdir())
            if file.is_file() and not file.name.startswith(".")
        }
    if is_archive(path):
        return {
            PurePosixPath(name).name: " ".join(
                decoded_lines(content.splitlines(), f"{path}, member {name}")
            ).split()
            for name, content in read_members(path, _is_document)
        }
    documents = {}
    for line, row in _objects(path, "docs.jsonl", errors):
        name, text = row.get("docid"), row.get("text")
        if not isinstance(name, str) or not isinstance(text, str) or not text.split():
            errors.append(_wrong(line, f"docid {name!r}, text {str(text)[:40]!r}", "both"))
        elif name in documents:
            errors.append(_wrong(line, f"docid {name!r} again", "every review once"))
        else:
            documents[name] = text.split()
    return documents


def _is_document(name: str) -> bool:
    place = PurePosixPath(name)
    return place.parent.name == "docs" and not place.name.startswith(".")


def _reviews(path: Path, name: str, errors: list[UserError]) -> Iterator[_Review]:
    """Yield the annotations of a split; `name` is that of its file in an archive."""
    for line, row in _objects(path, name, errors):
        review_id, label = row.get("annotation_id"), row.get("classification")
        groups = row.get("evidences")
        if not isinstance(review_id, str):
            errors.append(_wrong(line, f"annotation_id {review_id!r}", "the id of a review"))
        elif label not in LABELS:
            errors.append(_wrong(line, f"classification {label!r}", "NEG or POS"))
        elif not isinstance(groups, list) or not all(isinstance(one, list) for one in groups):
            expected = "evidences: a list of lists of spans"
            errors.append(_wrong(line, f"evidences {str(groups)[:40]}", expected))
        else:
            spans = [span for one in groups for span in one]
            yield _Review(review_id, LABELS[label], spans, line)


def _rationale(
    review: _Review, words: list[str], errors: list[UserError]
) -> tuple[tuple[bool, ...], int]:
    """Return which words some span covers (its end is exclusive), and how many cover none."""
    marked, empty = [False] * len(words), 0
    for span in review.spans:
        if not isinstance(span, dict):
            errors.append(_wrong(review.line, f"the span {span!r}", "a JSON object"))
            continue
        start, end = span.get("start_token"), span.get("end_token")
        if span.get("docid", review.review_id) != review.review_id:
            found = f"a span of {span['docid']!r}"
            errors.append(_wrong(review.line, found, f"spans of {review.review_id!r}"))
        elif (
            not isinstance(start, int)
            or not isinstance(end, int)
            or (not 0 <= start <= end <= len(words))
        ):
            found = f"a span from token {start!r} to {end!r}"
            expected = f"a span within the {len(words)} tokens of the review, its end exclusive"
            errors.append(_wrong(review.line, found, expected))
        elif "text" in span and span["text"] != " ".join(words[start:end]):
            found = f"{' '.join(words[start:end])[:60]!r} from token {start} to {end}"
            expected = f"the text of the span, {str(span['text'])[:60]!r}"
            errors.append(_wrong(review.line, found, expected))
        elif start == end:
            empty += 1
        else:
            marked[start:end] = [True] * (end - start)
    return tuple(marked), empty


def _objects(
    path: Path, name: str, errors: list[UserError]
) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Yield each line that is not blank, and the JSON object in it."""
    for line in part_lines(path, name):
        if not line.text.strip():
            continue
        try:
            value = json.loads(line.text)
        except (ValueError, RecursionError) as error:
            errors.append(_wrong(line, f"no JSON ({error})", "a JSON object"))
            continue
        if isinstance(value, dict):
            yield line, value
        else:
            errors.append(_wrong(line, f"{line.text[:40]!r}", "a JSON object"))


def _wrong(line: Line, found: str, expected: str) -> DataError:
    return wrong_line(f"{line.where}, line {line.number}", found, expected)


_NAMES = {"train": "train.jsonl", "dev": "val.jsonl", "test": "test.jsonl"}
_ARCHIVE = "movies.tar.gz"

ERASER_MOVIES = Source(
    title="ERASER's movie reviews",
    parts={
        **{split: (name, _ARCHIVE) for split, name in _NAMES.items()},
        "documents": ("docs.jsonl", "docs", _ARCHIVE),
    },
    read=read_eraser,
    folder="eraser_movies",
    addresses=dict.fromkeys(
        (*_NAMES, "documents"), f"https://www.eraserbenchmark.com/zipped/{_ARCHIVE}"
    ),
)
