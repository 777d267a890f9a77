"""Medical texts and rationales on trial: a whole run on each, as a user starts it."""

import json
import random

import pyarrow.parquet as pq
import pytest

from attnjax.cli import main
from tests.data.texts.mimic_files import Note, write
from tests.processes import ROOT

GOOD, BAD, FILLER = ("fine", "joy"), ("dull", "poor"), ("the", "film", "was", "it", "and", "a")


def reviews(folder):
    """Write reviews whose one telling word is marked; one test review has nothing marked."""
    folder.mkdir()
    draw = random.Random(0)
    documents = []
    for split, size in {"train": 60, "val": 20, "test": 16}.items():
        rows = []
        for number in range(size):
            words = draw.choices(FILLER, k=draw.randint(9, 20))
            place = draw.randrange(len(words))
            words[place] = draw.choice(GOOD if number % 2 else BAD)
            name = f"{split}_{number}.txt"
            documents.append({"docid": name, "text": " ".join(words)})
            span = {"docid": name, "start_token": place, "end_token": place + 1}
            marked = [] if (split, number) == ("test", 3) else [[span]]
            label = "POS" if number % 2 else "NEG"
            rows.append({"annotation_id": name, "classification": label, "evidences": marked})
        lines(folder / f"{split}.jsonl", rows)
    lines(folder / "docs.jsonl", documents)


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def run(name, tmp_path, monkeypatch, *changes):
    monkeypatch.setenv("ATTNJAX_CACHE_DIR", str(tmp_path / "cache"))
    small = {
        "data.dir": tmp_path / "data",
        "data.max_length": 66,
        "data.num_buckets": 1,
        "data.min_count": 1,
        "data.filter": "none",
        "model.embedding_size": 8,
        "model.hidden_size": 8,
        "training.epochs": 2,
        "training.learning_rate": 0.02,
        "training.batch_size": 16,
        "adversary.steps": 10,
        "permutation.count": 5,
        "bootstrap.samples": 50,
        **{f"{one}.limit": 16 for one in ("gradient", "leave_one_out", "permutation")},
        **{f"{one}.limit": 16 for one in ("adversary", "exact")},
    }
    arguments = [f"--config.{key}={value}" for key, value in small.items()]
    config, folder = f"--config={ROOT / 'configs' / name}.py", tmp_path / "run"
    assert main([config, f"--workdir={folder}", *arguments, *changes], root=ROOT) == 0
    return json.loads((folder / "results.json").read_text())["tests"]


def test_reviews_are_put_on_trial_and_their_rationales_beside_it(tmp_path, monkeypatch):
    reviews(tmp_path / "data")
    changes = ("tests=plausibility", "model.encoder=average", "training.epochs=15")
    tests = run("eraser_movies", tmp_path, monkeypatch, *(f"--config.{one}" for one in changes))
    found = tests["plausibility"]
    assert (found["unmarked"], found["limit"]) == (1, 16)
    assert found["attention"]["auprc"]["n"] == 15
    table = pq.read_table(tmp_path / "run" / "instances.parquet").to_pydict()
    for tokens, flags in zip(table["tokens"], table["rationale"], strict=True):
        marked = [token for token, flag in zip(tokens, flags, strict=True) if flag]
        assert set(marked) <= {*GOOD, *BAD}
    # The telling word alone has anything to do with the label: a model that has learnt it
    # is sensitive there.
    assert found["gradient"]["auprc"]["mean"] > 2 * found["chance"]["auprc"]["mean"]
    assert "do people agree?" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ade_corpus", "eraser_movies"])
def test_real_texts_are_put_on_trial(tmp_path, monkeypatch, shared_data, name):
    (tmp_path / "data").symlink_to(shared_data)
    tests = run(name, tmp_path, monkeypatch, "--config.training.epochs=1")
    assert {"permutation", "adversary", "gradient_agreement"} <= set(tests)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["diabetes", "anemia", "adr_tweets"])
def test_generated_texts_are_put_on_trial(tmp_path, monkeypatch, name):
    (tmp_path / "data").mkdir()
    texts = [" ".join([*FILLER, (GOOD if number % 2 else BAD)[0]] * 12) for number in range(80)]
    notes = [Note(str(100_000 + number), text) for number, text in enumerate(texts)]
    kinds = [("25000", "2851") if number % 2 else ("28521",) for number in range(80)]
    codes = [(notes[number].admission, kind) for number in range(80) for kind in kinds[number]]
    write(tmp_path / "data" / "mimic", notes=notes, codes=codes)
    rows = [f"1\t2\t{number % 2}\t{text}\n" for number, text in enumerate(texts)]
    (tmp_path / "data" / "adr_tweets.tsv").write_text("".join(rows))
    tests = run(name, tmp_path, monkeypatch)
    assert {"permutation", "adversary", "gradient_agreement"} <= set(tests)


@pytest.mark.slow
def test_a_summary_of_4000_tokens_goes_through_every_test(tmp_path, monkeypatch):
    lengths = [30] * 78 + [3999, 3999]
    texts = ["word " * (length - 1) + ("low" if n % 2 else "high") for n, length in
             enumerate(lengths)]  # fmt: skip
    notes = [Note(str(100_000 + number), text) for number, text in enumerate(texts)]
    codes = [(note.admission, "25000" if n % 2 else "2851") for n, note in enumerate(notes)]
    folder = tmp_path / "data" / "mimic"
    write(folder, notes=notes, codes=codes)
    for split, places in {"train": range(60), "dev": range(60, 70), "test": range(70, 80)}.items():
        listed = "".join(f"{notes[place].admission}\n" for place in places)
        (folder / f"diabetes_{split}_hadm_ids.txt").write_text(listed)
    run("diabetes", tmp_path, monkeypatch, "--config.data.max_length=4002")
    table = pq.read_table(tmp_path / "run" / "instances.parquet").to_pydict()
    assert max(map(len, table["tokens"])) == 3999
