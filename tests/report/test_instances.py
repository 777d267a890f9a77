"""The embedded JSON: what a browser gets back from it, and how large it is."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attnjax.report.embedded_text import LONGEST_TOKEN, number_tokens, safe_json
from attnjax.report.instances import (
    ALPHABET,
    BYTES_PER_5000,
    LEVELS,
    SHORTEST_CUT,
    chosen_instances,
    embed_instances,
)
from attnjax.report.load import read_run
from attnjax.report.scope import instance_notes, scope_notes

from .conftest import NASTY
from .synthetic import make_run


def test_tokens_weights_and_numbers_survive(binary):
    run = read_run(binary)
    data = json.loads(embed_instances(run, limit=1000).json)
    rows = pq.read_table(binary / "instances.parquet").to_pylist()
    maps = {one["name"]: one for one in data["maps"]}
    scores = ["attention", "|gradient|", "leave-one-out"]
    assert list(maps) == [*scores, "adversarial attention", "strongest adversary"]
    for index, row in enumerate(rows):
        words = [data["vocabulary"][token] for token in data["tokens"][index]]
        assert words == row["tokens"]
        for name, key in (
            ("attention", "attention"),
            ("|gradient|", "gradient"),
            ("strongest adversary", "exact_adversary.attention"),
        ):
            codes = [ALPHABET.index(code) for code in maps[name]["levels"][index]]
            shown = np.array(codes) / LEVELS * maps[name]["largest"][index]
            true = np.abs(row[key])
            # Half a step, and the largest weight is written with three digits.
            np.testing.assert_allclose(shown, true, atol=true.max() * (0.5 / LEVELS + 0.005))
        assert data["predicted"][index] == row["predicted"]
        assert data["before"][index] == pytest.approx(max(row["probability"]), abs=5e-5)
    columns = {one["key"]: one["values"] for one in data["numbers"]}
    assert columns["length"] == [len(row["tokens"]) for row in rows]
    assert columns["gradient_agreement.tau"][0] is None
    strongest = [row["exact_adversary.jsd"] for row in rows]
    assert columns["exact_adversary.jsd"] == pytest.approx(strongest, abs=5e-5)
    assert columns["adversary.jsd"][7] == pytest.approx(rows[7]["adversary.jsd"], abs=5e-5)


def test_evidence_is_given_by_position(planted):
    data = json.loads(embed_instances(read_run(planted), limit=1000).json)
    rows = pq.read_table(planted / "instances.parquet").column("evidence").to_pylist()
    assert data["evidence"] == [np.flatnonzero(row).tolist() for row in rows]


def test_what_is_asked_stands_with_the_text(binary, tmp_path):
    folder = shutil.copytree(binary, tmp_path / "asked")
    table = pq.read_table(folder / "instances.parquet")
    questions = [["who", "</script>", str(row)] for row in range(len(table))]
    candidates = [[0, 1][: 1 + row % 2] for row in range(len(table))]
    table = table.append_column("question", pa.array(questions))
    table = table.append_column("candidates", pa.array(candidates, pa.list_(pa.int32())))
    pq.write_table(table, folder / "instances.parquet")
    run = read_run(folder)
    embedded = embed_instances(run, limit=16).json
    assert "<" not in embedded
    data = json.loads(embedded)
    chosen = range(0, len(table), len(table) // 16)
    assert data["question"] == [" ".join(questions[row]) for row in chosen]
    assert data["candidates"] == [candidates[row] for row in chosen]
    assert "question" not in json.loads(embed_instances(read_run(binary), limit=16).json)
    assert any("the question is read but not attended to" in note for note in scope_notes(run))


def test_instances_without_an_adversary_have_none(nasty):
    data = json.loads(embed_instances(read_run(nasty), limit=1000).json)
    adversarial = data["maps"][-1]
    assert [bool(one) for one in adversarial["levels"]] == [True] * 40 + [False] * 20
    assert data["after"][40:] == [None] * 20


def test_hostile_text_is_text_and_leaves_the_script_element_closed(nasty):
    embedded = embed_instances(read_run(nasty), limit=1000).json
    assert "<" not in embedded
    assert "\u2028" not in embedded
    data = json.loads(embedded)
    words = [data["vocabulary"][token] for token in data["tokens"][0]]
    for token in NASTY:
        if len(token) > LONGEST_TOKEN:
            assert token[: LONGEST_TOKEN - 1] + "…" in words
        elif "\0" in token:
            assert "a\u2400b" in words
        else:
            assert token in words


def test_safe_json_is_the_same_value():
    value = ["</script>", "<!--", "\u2028\u2029", "\\u003c", '"', "é😀"]
    assert json.loads(safe_json(value)) == value


def test_frequent_words_get_short_numbers():
    numbers, vocabulary = number_tokens(["rare", "often", "often", "some", "some", "often"])
    assert vocabulary == ["often", "some", "rare"]
    assert numbers.tolist() == [2, 0, 0, 1, 1, 0]
    assert number_tokens([])[1] == []


def test_instances_beyond_the_limit_are_spread_evenly():
    assert chosen_instances(1000, 10).tolist() == list(range(0, 1000, 100))
    assert chosen_instances(7, 0).tolist() == []
    chosen = chosen_instances(1725, 500)
    assert len(set(chosen.tolist())) == 500
    assert set(np.diff(chosen)) <= {3, 4}


def test_a_limit_picks_whole_rows(binary):
    run = read_run(binary)
    data = json.loads(embed_instances(run, limit=16).json)
    rows = pq.read_table(binary / "instances.parquet").to_pylist()[::10]
    assert data["id"] == [row["instance_id"] for row in rows]
    words = [[data["vocabulary"][token] for token in one] for one in data["tokens"]]
    assert words == [row["tokens"] for row in rows]
    assert [len(one) for one in data["maps"][0]["levels"]] == [len(one) for one in words]


@pytest.mark.parametrize("budget", [60_000, 80_000, 100_000])
def test_long_texts_are_abridged_to_the_budget(tmp_path, budget):
    run = read_run(make_run(tmp_path, n=60, length=(20, 400), vocabulary=3000, planted=True))
    embedded = embed_instances(run, limit=1000, max_bytes=budget)
    data = json.loads(embedded.json)
    assert SHORTEST_CUT <= embedded.cut < 400
    assert len(embedded.json.encode()) <= budget
    # Not needlessly short either.
    assert len(embedded.json.encode()) > 0.6 * budget
    lengths = run.lengths
    expected = np.minimum(lengths, embedded.cut).tolist()
    assert [len(one) for one in data["tokens"]] == expected
    assert [len(one) for one in data["maps"][0]["levels"]] == expected
    assert embedded.num_abridged == int((lengths > embedded.cut).sum())
    assert all(place < embedded.cut for one in data["evidence"] for place in one)
    assert next(one for one in data["numbers"] if one["key"] == "length")["values"] == list(lengths)


def test_5000_instances_of_200_tokens_are_at_most_15_mb(large):
    page = (large / "report.html").read_bytes()
    assert len(page) <= 15_000_000
    # Words drawn evenly from 50,000 are the worst case of a vocabulary; still nothing is cut.
    assert b"are abridged to their first" not in page


def test_texts_of_ever_new_words_are_abridged_with_a_note(tmp_path):
    texts = [[f"unique-word-{row}-{place}" for place in range(200)] for row in range(400)]
    run = read_run(make_run(tmp_path, n=400, texts=texts))
    # The budget of 5,000 such texts, for 400.
    embedded = embed_instances(run, limit=5000, max_bytes=BYTES_PER_5000 * 400 // 5000)
    assert 60 < embedded.cut < 200
    [note] = instance_notes(run, embedded)
    assert f"the texts of 400 instances are abridged to their first {embedded.cut} tokens" in note
