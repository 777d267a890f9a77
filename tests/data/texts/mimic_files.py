"""Files in the schema of MIMIC-III, made up, with the oddities of the real ones.

Nothing here comes from the loader: rows are written character by character, and what must come
out is written beside what goes in.
"""

import gzip
from pathlib import Path
from typing import NamedTuple

NOTE_HEADER = (
    "ROW_ID,SUBJECT_ID,HADM_ID,CHARTDATE,CHARTTIME,STORETIME,CATEGORY,DESCRIPTION,CGID,ISERROR,TEXT"
)
CODE_HEADER = "ROW_ID,SUBJECT_ID,HADM_ID,SEQ_NUM,ICD9_CODE"


class Note(NamedTuple):
    admission: str
    text: str
    date: str = "2150-03-01"
    description: str = "Report"
    category: str = "Discharge summary"
    error: str = ""


NOTES = (
    # An addendum before its report in the file; the later addendum before the earlier one.
    Note("100001", "Second addendum.", "2150-03-09", "Addendum"),
    Note("100001", "First addendum.", "2150-03-05", "Addendum"),
    Note("100001", 'Admission Date:  [**2150-3-1**]\n\n"Feels well", he said.\n', "2150-03-02"),
    Note("100001", "Chest film.", category="Radiology"),
    # A report flagged as an error, and the one that replaced it.
    Note("100002", "Wrong patient.", error="1"),
    Note("100002", "Na 140, HbA1c 7.5% at [**Hospital 18**]."),
    # The hidden name has a line break in it; a rule of hyphens; a bracket never closed.
    Note("100003", "Dr. [**Last Name\n(un) 123**] ------\n[** no end"),
    # Two reports; the earlier date comes first whatever the order in the file.
    Note("100004", "later report", "2150-05-02"),
    Note("100004", "earlier report", "2150-05-01"),
    Note("100005", "both kinds"),
    Note("100006", "neither kind"),
    Note("100007", "codes are missing"),
    Note("", "no admission"),
    Note("100008", "_____\n"),
    Note("100009", "   \n"),
)
"""Summaries by admission; 100010 has codes but no note."""

CODES = (
    ("100001", "25000"),
    ("100001", "25000"),  # twice
    ("100001", "2851"),
    ("100001", "042"),
    ("100002", "25002"),  # another diabetes
    ("100002", "28521"),
    ("100003", "V4581"),
    ("100003", "28529"),
    ("100004", "25000"),
    ("100004", "2851"),
    ("100005", "2851"),
    ("100005", "28522"),
    ("100006", "285"),  # three digits, of neither kind
    ("100006", "2859"),
    ("100007", ""),  # null in the real table
    ("100008", "2851"),
    ("100009", "28529"),
    ("100010", "2851"),
)

WORDS = {
    100001: 'Admission Date : <deidentified> " Feels well " , he said . '
    "First addendum . Second addendum .",
    100002: "Na qqq , qqq qqq % at <deidentified> .",
    100003: "Dr . <deidentified> - [ * no end",
    100004: "earlier report later report",
    100005: "both kinds",
    100006: "neither kind",
    100008: "_",
}
"""What must be read of each admission that has words."""


def write(folder: Path, *, notes=NOTES, codes=CODES, ends: str = "\n") -> dict[str, Path]:
    """Write both tables; the notes gzipped, the text quoted as the real file has it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"notes": folder / "NOTEEVENTS.csv.gz", "diagnoses": folder / "DIAGNOSES_ICD.csv"}
    rows = [NOTE_HEADER, *(note_row(number, note) for number, note in enumerate(notes, 1))]
    with gzip.open(files["notes"], "wb") as file:
        file.write("".join(row + ends for row in rows).encode())
    lines = [CODE_HEADER]
    for number, (admission, code) in enumerate(codes, 1):
        quoted = f'"{code}"' if code else ""
        lines.append(f"{number},9,{admission},{number},{quoted}")
    files["diagnoses"].write_bytes("".join(line + ends for line in lines).encode())
    return files


def note_row(number: int, note: Note) -> str:
    text = note.text.replace('"', '""')
    return (
        f'{number},9,{note.admission},{note.date},,,"{note.category}","{note.description}",,'
        f'{note.error},"{text}"'
    )
