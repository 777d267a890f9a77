"""Writes CNN questions as their authors do; it shares no code with the reader."""

import random

NAMES = ("Rome", "Ada Lovelace", "NATO", "Ponzi", "a: b", "")


def drawn(generator, entities=40):
    """Return article, question, answer and the lines of names of one question."""
    present = [f"@entity{n}" for n in generator.sample(range(entities), generator.randint(2, 9))]
    words = [*present, *("said", "that", ",", "won", "'s", ".", "--", "2015") * 3]
    generator.shuffle(words)
    words.append(f"{present[0]}-based")
    answer = generator.choice(present)
    question = f"{present[-1]} said @placeholder won"
    names = [f"{name}:{generator.choice(NAMES)}" for name in present]
    return " ".join(words), question, answer, names


def question_text(article, question, answer, names, *, address="http://edition.cnn.com/1"):
    """Return the content of one `.question` file."""
    return "\n\n".join([address, article, question, answer, "\n".join(names)]) + "\n"


def write_folders(folder, sizes, *, seed=0, entities=40):
    """Write a folder of files for each split; return what was written, by split."""
    generator = random.Random(seed)
    written = {}
    for name, size in sizes.items():
        place = folder / name
        place.mkdir(parents=True)
        written[name] = {}
        for i in range(size):
            parts = drawn(generator, entities)
            file = f"{generator.getrandbits(80):020x}.question"
            (place / file).write_text(question_text(*parts, address=f"http://cnn.com/{i}"))
            written[name][file] = parts
    return written


def write_blocks(path, size, *, seed=0):
    """Write one file of question, answer, article and a blank line; return what was written."""
    generator = random.Random(seed)
    written = [drawn(generator) for _ in range(size)]
    path.write_text(
        "".join(f"{question}\n{answer}\n{article}\n\n" for article, question, answer, _ in written)
    )
    return written
