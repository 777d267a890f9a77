"""Questions on dialogues (DREAM), and how a story ends (the Story Cloze Test)."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attnjax.data.gpt.choice_records import choice_record
from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some, read_lines
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.sentences import no_texts
from attnjax.data.texts.source import Reading, Source
from attnjax.data.texts.streamed import stream_rows
from attnjax.errors import DataError, UserError

STORY_COLUMNS = (
    *(f"InputSentence{number}" for number in (1, 2, 3, 4)),
    *(f"RandomFifthSentenceQuiz{number}" for number in (1, 2)),
    "AnswerRightEnding",
)


def read_dream(files: Mapping[str, Path]) -> Reading:
    """Read DREAM: dialogues with questions of three choices; turns end in a line end.

    Args:
        files: by split: a JSON list of dialogues, each its turns, its questions and its name.

    Raises:
        DataError: naming every dialogue that is wrong.

    Source: Sun et al. (2019).
    """
    records: dict[str, list[Record]] = {}
    for split, path in files.items():
        errors: list[UserError] = []
        found = records[split] = []
        for number, dialogue in enumerate(_json_list(path), start=1):
            where = f"{path}, dialogue {number}"
            if not _is_dialogue(dialogue):
                expected = "a list of turns, a list of questions and a name"
                errors.append(wrong_line(where, "something else", expected))
                continue
            turns, questions, name = dialogue
            for index, asked in enumerate(questions, start=1):
                record = choice_record(
                    f"{where}, question {index}",
                    f"{name}, question {index}",
                    context="\n".join(turns),
                    question=asked.get("question"),
                    choices=asked.get("choice"),
                    answer=str(asked.get("answer")),
                    count=3,
                    errors=errors,
                )
                found += [] if record is None else [record]
        raise_some(errors)
        if not found:
            raise no_texts(path)
    return Reading(records, Counter())


def read_story_cloze(files: Mapping[str, Path]) -> Reading:
    """Read the Story Cloze Test: four sentences and two endings.

    Its validation stories are the training texts, as in the paper; stories without an answer
    are left out and counted.

    Args:
        files: `train` and `test`, the official CSV files.

    Raises:
        DataError: naming file and line.

    Source: Mostafazadeh et al. (2016); Radford et al. (2018), section 4.2.
    """
    records: dict[str, list[Record]] = {}
    dropped: Counter[str] = Counter()
    for split, path in files.items():
        errors: list[UserError] = []
        found = records[split] = []
        for line, values in stream_rows(path, STORY_COLUMNS):
            *sentences, first, second, right = (value.strip() for value in values)
            if not right:
                dropped["no answer"] += 1
                continue
            record = choice_record(
                f"{path}, line {line}",
                f"{path.name}, line {line}",
                context=" ".join(sentences),
                question=None,
                choices=(first, second),
                answer=int(right) - 1 if right in ("1", "2") else None,
                count=2,
                errors=errors,
            )
            found += [] if record is None else [record]
        raise_some(errors)
    return Reading(records, dropped)


def _json_list(path: Path) -> Sequence[Any]:
    try:
        value = json.loads("\n".join(read_lines(path)))
    except json.JSONDecodeError as error:
        raise _no_list(path, f"no JSON ({error})") from error
    if not isinstance(value, list):
        raise _no_list(path, f"a JSON {type(value).__name__}")
    return value


def _no_list(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found=found,
        expected="a JSON list of dialogues",
        action="get an undamaged copy of the file",
    )


def _is_dialogue(value: Any) -> bool:
    """Return whether a value is turns, questions and a name."""
    if not isinstance(value, list) or len(value) != 3:
        return False
    turns, questions, _ = value
    return (
        isinstance(turns, list)
        and all(isinstance(turn, str) for turn in turns)
        and isinstance(questions, list)
        and all(isinstance(each, dict) for each in questions)
    )


DREAM = Source(
    title="DREAM",
    parts={split: (f"{split}.json",) for split in ("train", "dev", "test")},
    read=read_dream,
    folder="dream",
    addresses={
        split: f"https://raw.githubusercontent.com/nlpdata/dream/master/data/{split}.json"
        for split in ("train", "dev", "test")
    },
)
STORY_CLOZE = Source(
    title="the Story Cloze Test (spring 2016)",
    parts={
        "train": (
            "cloze_test_val__spring2016 - cloze_test_ALL_val.csv",
            "cloze_test_val__spring2016.csv",
        ),
        "test": (
            "cloze_test_test__spring2016 - cloze_test_ALL_test.csv",
            "cloze_test_test__spring2016.csv",
        ),
    },
    read=read_story_cloze,
    folder="story_cloze",
    instructions="Ask its authors for it at https://cs.rochester.edu/nlp/rocstories.",
)
