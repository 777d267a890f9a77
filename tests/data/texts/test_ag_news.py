from collections import Counter

import pytest

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.texts import ag_news
from attnjax.data.texts.ag_news import CLASSES, choose_two, read_ag_news
from attnjax.data.texts.ag_news_damage import repaired
from attnjax.data.texts.source import Reading
from attnjax.errors import UserError

WORLD, SPORTS, BUSINESS, SCIENCE = CLASSES
ROW = b'"1","Title","Description"\n'


def local(folder, train=ROW, test=ROW, extra=None, name="train.csv"):
    contents = {name: train, "test.csv": test, "train_subset_extra_text.csv": extra}
    for each, content in contents.items():
        if content is not None:
            (folder / each).write_bytes(content)
    files = {"train": folder / name, "test": folder / "test.csv"}
    if extra is not None:
        files["extra"] = folder / "train_subset_extra_text.csv"
    return files


@pytest.fixture(scope="module")
def real(shared_data):
    folder = shared_data / "ag_news"
    names = {
        "train": "train_subset.csv.gz",
        "extra": "train_subset_extra_text.csv.gz",
        "test": "test.csv.gz",
    }
    return read_ag_news({part: folder / name for part, name in names.items()})


def test_the_partial_files_have_their_rows_and_say_that_they_are_partial(real):
    counts = {
        split: Counter(record.label for record in records)
        for split, records in real.records.items()
    }
    assert counts["test"] == dict.fromkeys(CLASSES, 1900)
    assert counts["train"] == {
        WORLD: 5271 + 3117,
        SPORTS: 5373 + 3085,
        BUSINESS: 5638 + 3063,
        SCIENCE: 5406 + 2992,
    }
    assert real.dropped == {}
    (note,) = real.notes
    assert "33,945 of the official 120,000 training texts" in note
    assert "Of 12,257 of them only title and description together survive" in note


def test_texts_are_repaired(real):
    assert real.records["test"][1].text.splitlines() == [
        "The Race is On: Second Private Team Sets Launch Date for Human Spaceflight (SPACE.com)",
        "SPACE.com - TORONTO, Canada -- A second team of rocketeers competing for the $10 million "
        "Ansari X Prize, a contest for privately funded suborbital space flight, has officially "
        "announced the first launch date for its manned rocket.",
    ]
    assert real.records["train"][0].text.startswith("'Bin Laden' tape urges oil attack\n")
    for records in real.records.values():
        for record in records:
            assert "\\" not in record.text
            assert "#39;" not in record.text
            assert "quot;" not in record.text
            assert "&lt;" not in record.text
            assert "<b>" not in record.text.lower()


@pytest.mark.parametrize(
    ("damaged", "text"),
    [
        ("Iraq #39;s  quot;talks quot; end", 'Iraq\'s "talks" end'),
        (" #39;Bin Laden #39; tape", "'Bin Laden' tape"),
        ("the  #36;10 million\\prize", "the $10 million prize"),
        ("worth C\\$3 and \\$5", "worth C$3 and $5"),
        ("long road\\\\to here \\ ", "long road to here"),
        ("AT amp;T and R&amp;D and H&M", "AT&T and R&D and H&M"),
        ("until &lt;b&gt;...&lt;/b&gt;", "until ..."),
        ('Inc. &lt;A HREF="http://x.com/q"&gt;CC.N&lt;/A&gt; rose', "Inc. CC.N rose"),
        ('&lt;FONT size="-2"\\ color="#666666"&gt;&lt;B&gt;-Rob&lt;/B&gt;&lt;/FONT&gt;', "-Rob"),
        ("Microsoft &lt;MSFT.O&gt; fell", "Microsoft <MSFT.O> fell"),
        ("no #151; yes #8212; so", "no\u2014 yes\u2014 so"),
        ("a win; an image; 3 &lt; 4", "a win; an image; 3 < 4"),
    ],
)
def test_each_kind_of_damage_is_undone(damaged, text):
    assert repaired(damaged) == text


def test_the_official_file_needs_no_extra_rows(tmp_path):
    files = local(tmp_path, train=ROW * 3, extra=b'"2","joined text"\n')
    assert len(read_ag_news(files).records["train"]) == 3
    partial = tmp_path / "train_subset.csv"
    partial.write_bytes(ROW * 3)
    reading = read_ag_news(files | {"train": partial})
    assert reading.records["train"][-1].text == "joined text"
    assert reading.records["train"][-1].label == SPORTS


def test_a_whole_official_file_has_nothing_to_note(tmp_path, monkeypatch):
    monkeypatch.setattr(ag_news, "OFFICIAL", 8)
    assert read_ag_news(local(tmp_path, train=ROW * 8)).notes == ()
    (note,) = read_ag_news(local(tmp_path, train=ROW * 7)).notes
    assert "7 of the official 8" in note
    assert "together survive" not in note


def test_the_paper_reads_descriptions_of_two_classes_within_the_extremes(real):
    reading = choose_two(real, DataConfig(name="ag_news_binary"))
    counts = {
        split: Counter(record.label for record in records)
        for split, records in reading.records.items()
    }
    # The release keeps 1,900 and 1,898 of its own tokens' lengths.
    assert set(counts["test"]) == {WORLD, BUSINESS}
    assert sum(counts["test"].values()) == pytest.approx(3798, abs=2)
    assert reading.records["test"][0].text.startswith(
        "Unions representing workers at Turner Newall"
    )
    assert reading.dropped["another class than World and Business"] == 16_856 + 3_800
    kept = sum(len(records) for records in reading.records.values())
    assert kept + sum(reading.dropped.values()) == 33_945 + 7_600
    assert reading.notes[:-1] == real.notes
    # 3,117 and 3,063 rows of joined text, 5,271 and 5,638 others; two of them are an extreme.
    assert "6,179 of the 17,087 train texts, 0 of the 3,797 test texts" in reading.notes[-1]


def test_where_all_titles_are_told_apart_there_is_nothing_to_note():
    news = [Record(f"Up\n{'so ' * n}", BUSINESS, f"line {n}") for n in range(1, 5)]
    config = DataConfig(name="ag_news_binary")
    reading = choose_two(Reading({"train": news}, Counter()), config)
    assert (len(reading.records["train"]), reading.notes) == (2, ())


def test_without_the_filter_titles_stay_and_nothing_is_too_short():
    records = [Record("Up\nby five", BUSINESS, ""), Record("Down\nnow", SPORTS, "")]
    reading = choose_two(
        Reading({"train": records}, Counter()), DataConfig(name="ag_news_binary", filter="none")
    )
    assert reading.records == {"train": records[:1]}
    assert reading.dropped == {"another class than World and Business": 1}


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (ROW + b'"5","a","b"\n', "line 2: found class '5'; expected 1, 2, 3 or 4"),
        (ROW + b'"1";"a";"b"\n', "line 2: found fields that cannot be told apart"),
        (b"1\ta\tb\n", "line 1: found 1 fields; expected 3, separated by commas"),
        (ROW + b'"1","a"\n', "line 2: found 2 fields; expected 3"),
        (ROW + b'"1","caf\xe9","b"\n', "line 2: found byte 0xe9 that is not UTF-8"),
        (b"", "found no texts"),
    ],
)
def test_bad_files_are_named_by_line(tmp_path, train, message):
    with pytest.raises(UserError) as raised:
        read_ag_news(local(tmp_path, train=train))
    assert message in str(raised.value)
    assert "train.csv" in str(raised.value)


def test_byte_order_mark_windows_line_ends_and_empty_texts(tmp_path):
    train = b'\xef\xbb\xbf"1","Title","Two\r\nlines"\r\n"2"," ","\\"\r\n'
    reading = read_ag_news(local(tmp_path, train=train))
    assert [record.text for record in reading.records["train"]] == ["Title\nTwo lines"]
    assert reading.dropped == {"an empty text": 1}
