from pathlib import Path

import pytest

from attnjax.cli import main
from attnjax.commandline import parse, parse_value, usage
from attnjax.config import field_names
from attnjax.errors import ConfigError, UserErrors

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("**/*.py")), ids=lambda path: path.stem)
def test_every_shipped_config_resolves(file):
    # Those whose texts are the user's to bring say so in their command.
    bring = "--config.data.path=" in file.read_text(encoding="utf-8")
    texts = ["--config.data.path=texts.csv"] if bring else []
    command = parse([f"--config={file}", *texts], configs=CONFIGS)
    assert command.name == file.stem
    # A classifier is trained to be put on trial; a GPT may be trained for its own sake.
    assert command.config.kind != "classifier" or command.config.tests


def test_fields_are_changed_in_either_form():
    command = parse(
        ["--config.seed=3", "--config.tests", "permutation,adversary", "--workdir", "a b"],
        configs=CONFIGS,
    )
    assert command.config.seed == 3
    assert command.config.tests == ("permutation", "adversary")
    assert command.workdir == "a b"


def test_a_value_may_hold_an_equals_sign():
    command = parse(["--config.report.title=a=b"], configs=CONFIGS)
    assert command.config.report.title == "a=b"


def test_mistakes_in_names_and_values_come_together():
    with pytest.raises(UserErrors) as caught:
        parse(["--config.modl.encoder=cnn", "--config.seed=x", "--config.seed"], configs=CONFIGS)
    text = str(caught.value)
    assert "--config.modl.encoder: found an unknown field (did you mean 'model.encoder'?)" in text
    assert "config.seed: found 'x'; expected a whole number" in text
    assert "--config.seed: found no value" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=nope.py"], "nope.py, which cannot be read"),
        (["--wrkdir=a"], "Did you mean: workdir"),
        (["surplus"], "the argument 'surplus'"),
    ],
)
def test_flags_that_mean_nothing(arguments, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        parse(arguments, configs=CONFIGS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("def get_config(:\n", "SyntaxError"),
        ("x = 1\n", "no 'get_config'"),
        ("def get_config():\n    return 3\n", "returns int"),
        ("import nothing_of_this_name\n", "ModuleNotFoundError"),
        ("def get_config():\n    return unknown\n", "NameError"),
    ],
)
def test_config_files_that_do_not_run(tmp_path, content, message):
    file = tmp_path / "mine.py"
    file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        parse([f"--config={file}"], configs=CONFIGS)


def test_an_unknown_field_in_a_config_file_gets_a_suggestion(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from attnjax.config import default_config\n"
        "def get_config():\n"
        "    config = default_config()\n"
        "    config.modle = 3\n"
        "    return config\n"
    )
    with pytest.raises(ConfigError, match="did you mean 'model'"):
        parse([f"--config={file}"], configs=CONFIGS)


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("3", 0, 3),
        ("3", 0.5, 3),
        ("1e-3", 0.5, 1e-3),
        ("abc", 1, "abc"),
        ("__import__('os')", 1, "__import__('os')"),  # text, never run
        ("True", False, True),
        ("maybe", False, "maybe"),
        ("('a', 'b')", ("x",), ("a", "b")),
        ("", ("x",), ()),
        ("(0.1, 5e-2)", (0.5,), (0.1, 0.05)),
        ("0.1,a", (0.5,), (0.1, "a")),
        ("", (0.5,), ()),
        ("007", "", "007"),
    ],
)
def test_values_are_read_in_the_type_of_the_default(text, default, value):
    assert parse_value(text, default, words=default == ("x",)) == value


def test_help_lists_every_field(capsys):
    assert main(["--help"], root=ROOT) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == usage(CONFIGS).strip()
    assert all(f"--config.{name}=" in printed for name in field_names())


def test_a_mistake_ends_with_code_2_and_no_traceback(capsys):
    assert main(["--config.seed=-1"], root=ROOT) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: config.seed: found -1")
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config.data.path=reviews.csv"],
        ["--config.data.name=tfds", "--config.data.tfds_name=ag_news_subset"],
    ],
)
def test_the_quickstart_takes_other_data_without_the_planted_tests(arguments):
    tests = parse(arguments, configs=CONFIGS).config.tests
    assert "adversary" in tests
    assert not [one for one in tests if one.startswith("planted_")]


def test_plausibility_is_left_out_where_a_command_brings_data_without_rationales():
    file = f"--config={CONFIGS / 'eraser_movies.py'}"
    assert "plausibility" in parse([file], configs=CONFIGS).config.tests
    other = parse([file, "--config.data.path=reviews.csv"], configs=CONFIGS).config
    assert "plausibility" not in other.tests
    assert "permutation" in other.tests


def test_a_planted_test_that_was_typed_is_refused_on_other_data():
    typed = ["--config.data.path=reviews.csv", "--config.tests=planted_evidence"]
    with pytest.raises(ConfigError, match="planted corpus"):
        parse(typed, configs=CONFIGS)


@pytest.mark.parametrize("body", ["1 / 0", "raise RuntimeError('x')", "raise SystemExit(3)"])
def test_whatever_a_config_file_raises_is_one_message(tmp_path, body):
    file = tmp_path / "mine.py"
    file.write_text(f"def get_config():\n    {body}\n")
    with pytest.raises(ConfigError, match=r"Error|SystemExit"):
        parse([f"--config={file}"], configs=CONFIGS)


def test_a_folder_is_no_config_file(tmp_path):
    (tmp_path / "__main__.py").write_text("raise AssertionError('this ran')")
    with pytest.raises(ConfigError, match="found a folder"):
        parse([f"--config={tmp_path}"], configs=CONFIGS)


def test_a_field_typed_below_a_section_that_is_none_is_the_files_mistake(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from ml_collections import ConfigDict\n"
        "def get_config():\n"
        "    return ConfigDict({'model': 3})\n"
    )
    with pytest.raises(ConfigError, match=r"config\.model: found 3; expected a section"):
        parse([f"--config={file}", "--config.model.encoder=cnn"], configs=CONFIGS)


def test_a_number_too_large_for_a_float_is_out_of_range():
    with pytest.raises(ConfigError, match="at most"):
        parse(["--config.training.learning_rate=" + "9" * 400], configs=CONFIGS)
