"""A world of people, things and places, told as stories with questions (bAbI 1, 2 and 3).

It is simulated, so that every answer is what happened: sentence forms, people, things and
places are those of the official stories; how often what happens was set by counting in them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from attnjax.data.texts.babi import PLACES, Question

PEOPLE = ("Daniel", "John", "Mary", "Sandra")
THINGS = ("apple", "football", "milk")

MOVES = ("moved to", "went to", "journeyed to", "travelled to", "went back to")
TAKES = ("got", "took", "grabbed", "picked up")
LEAVES = ("left", "dropped", "discarded", "put down")

QUESTIONS = 5
"""Questions of a story."""

BETWEEN = 2
"""Statements between two moments at which a question may be asked."""


@dataclass(frozen=True)
class Manner:
    """How the stories of a task go; numbers are probabilities unless said otherwise.

    Attributes:
        handles: of somebody handling a thing where they could.
        takes: of taking where somebody could both take and leave a thing.
        there_taken: of "there" after something is taken.
        there_left: the same where something is left.
        asked: of a question being asked where one can be.
        current: of task 3 asking about the place where the thing is now, not an earlier one.
        longest: statements of a story; one that comes to more is drawn again.
    """

    handles: float = 0.0
    takes: float = 0.5
    there_taken: float = 0.0
    there_left: float = 0.2
    asked: float = 1.0
    current: float = 0.8
    longest: int = 10


MANNERS = {
    1: Manner(),
    2: Manner(handles=0.65, there_taken=1.0, longest=70),
    3: Manner(handles=0.6, there_taken=0.2, asked=0.55, longest=230),
}


class Step(NamedTuple):
    """A move of somebody: which statement told it, and where to."""

    line: int
    place: str


@dataclass
class Thing:
    """A thing and what was told of it.

    Attributes:
        place: where it is, or was when somebody took it.
        holder: who has it, if anybody.
        event: the statement that told of its last being taken or left.
        steps: where it was carried since it was taken last.
        left: where who left it last had moved to, if that was told.
    """

    place: str
    holder: str = ""
    event: int = -1
    steps: list[Step] = field(default_factory=list)
    left: Step | None = None


@dataclass
class World:
    """What is the case, and what was told of it.

    Attributes:
        random: the source of all draws.
        manner: of the story.
        places: where each person is.
        things: each thing's state.
        last: each person's last move, once one was told.
        told: the statements so far.
    """

    random: random.Random
    manner: Manner
    places: dict[str, str]
    things: dict[str, Thing]
    last: dict[str, Step] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def chance(self, probability: float) -> bool:
        """Return true with a probability."""
        return self.random.random() < probability

    def pick(self, options: Sequence[Any]) -> Any:
        """Draw one of some options, each as likely as another."""
        # random() is the one method whose stream Python promises never to change.
        return options[int(self.random.random() * len(options))]

    def happen(self) -> None:
        """Let somebody do something, and tell it."""
        person = self.pick(PEOPLE)
        held = [name for name, thing in self.things.items() if thing.holder == person]
        near = [
            name
            for name, thing in self.things.items()
            if not thing.holder and thing.place == self.places[person]
        ]
        if not (held or near) or not self.chance(self.manner.handles):
            self.move(person, held)
        elif near and (not held or self.chance(self.manner.takes)):
            self.handle(person, self.pick(near), taken=True)
        else:
            self.handle(person, self.pick(held), taken=False)

    def move(self, person: str, held: list[str]) -> None:
        """Move somebody, with all that they hold, to another place."""
        place = self.pick([each for each in PLACES if each != self.places[person]])
        step = Step(len(self.told), place)
        self.places[person] = place
        self.last[person] = step
        for name in held:
            self.things[name].steps.append(step)
            self.things[name].place = place
        self.told.append(f"{person} {self.pick(MOVES)} the {place}.")

    def handle(self, person: str, name: str, *, taken: bool) -> None:
        """Let somebody take or leave a thing."""
        thing = self.things[name]
        thing.event = len(self.told)
        thing.holder = person if taken else ""
        thing.left = None if taken else self.last.get(person)
        if taken:
            thing.steps = []
        verb = self.pick(TAKES if taken else LEAVES)
        there = self.manner.there_taken if taken else self.manner.there_left
        self.told.append(f"{person} {verb} the {name}{' there' if self.chance(there) else ''}.")

    def question(self, task: int, origin: str) -> Question | None:
        """Draw a question that the story answers, or nothing where it answers none.

        As many statements decide it as the task has in its name. A thing that somebody has
        must have been carried (twice for task 3) since it was taken; one that lies somewhere
        is known by the last move of who left it.
        """
        asking = {1: self._where_is_person, 2: self._where_is_thing, 3: self._where_was_thing}
        return asking[task](origin)

    def _where_is_person(self, origin: str) -> Question:
        person = self.pick([name for name in PEOPLE if name in self.last])
        step = self.last[person]
        return self._asked(f"Where is {person}?", step.place, (step.line,), origin)

    def _where_is_thing(self, origin: str) -> Question | None:
        known = [(name, step) for name in THINGS if (step := self._brought(self.things[name]))]
        if not known:
            return None
        name, step = self.pick(known)
        lines = (self.things[name].event, step.line)
        return self._asked(f"Where is the {name}?", step.place, lines, origin)

    def _where_was_thing(self, origin: str) -> Question | None:
        carried = [name for name in THINGS if len(self.things[name].steps) > 1]
        if not carried:
            return None
        name = self.pick(carried)
        before, named = self._way(self.things[name])
        lines = (self.things[name].event, named.line, before.line)
        asked = f"Where was the {name} before the {named.place}?"
        return self._asked(asked, before.place, lines, origin)

    def _brought(self, thing: Thing) -> Step | None:
        """Return the step that brought a thing where it is, if one was told."""
        if not thing.holder:
            return thing.left
        return thing.steps[-1] if thing.steps else None

    def _way(self, thing: Thing) -> tuple[Step, Step]:
        """Draw two steps in succession, the second of which reached its place for the last time.

        The question names that place, which the thing may have come to before.
        """
        latest = {step.place: position for position, step in enumerate(thing.steps)}
        ends = sorted(position for position in latest.values() if position > 0)
        end = ends[-1]
        if len(ends) > 1 and not self.chance(self.manner.current):
            end = self.pick(ends[:-1])
        return thing.steps[end - 1], thing.steps[end]

    def _asked(self, question: str, answer: str, lines: tuple[int, ...], origin: str) -> Question:
        return Question(tuple(self.told), question, answer, lines, origin)


def new_world(stream: random.Random, manner: Manner) -> World:
    """Return a world in which nothing has been told: everybody and everything is somewhere.

    Args:
        stream: the source of all draws.
        manner: of the story.
    """
    world = World(stream, manner, {}, {})
    world.places = {person: world.pick(PLACES) for person in PEOPLE}
    world.things = {name: Thing(world.pick(PLACES)) for name in THINGS}
    return world


def stories(task: int, *, seed: int) -> Iterator[list[Question]]:
    """Yield stories without end, each as its five questions.

    Args:
        task: 1, 2 or 3: how many statements decide an answer.
        seed: of the draw, at least 0.

    Example:
        >>> story = next(stories(1, seed=0))
        >>> [len(question.passage) for question in story]
        [2, 4, 6, 8, 10]
    """
    stream = random.Random(seed)
    manner = MANNERS[task]
    number = 0
    while True:
        world = new_world(stream, manner)
        asked: list[Question] = []
        while len(asked) < QUESTIONS and len(world.told) < manner.longest:
            for _ in range(BETWEEN):
                world.happen()
            origin = f"generated story {number + 1}, question {len(asked) + 1}"
            question = world.question(task, origin) if world.chance(manner.asked) else None
            if question is not None:
                asked.append(question)
        if len(asked) == QUESTIONS:
            number += 1
            yield asked
