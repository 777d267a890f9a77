"""Draws the sentences of the planted-evidence corpus, part by part."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from attnjax.data.planted_frames import (
    CLOSERS,
    IDLE_CLOSERS,
    IDLE_OPENERS,
    JOINERS,
    OPENERS,
    Frames,
)
from attnjax.data.planted_phrases import (
    FILLERS,
    IDLE_NEGATORS,
    INTENSIFIERS,
    NEGATIVE,
    NEGATORS,
    NEUTRAL,
    POSITIVE,
)

Words = list[tuple[str, bool]]
"""Words, each with whether it is evidence."""

ARTICLES = ("a", "an", "the", "of")


@dataclass(frozen=True)
class PlantedParameters:
    """How the corpus is drawn; every number is a probability.

    Frozen before any model was tuned on the corpus: a change makes another corpus, under
    another version.

    Attributes:
        version: of tables, grammar and parameters together.
        kinds: shares of the kinds of sentence.
        negated: of a phrase in a redundant sentence, in one with a distractor, or in an
            overruled opinion, being negated.
        idle_negator: of a phrase that is not negated standing beside a negator that
            belongs to something else.
        intensifier: of a phrase without any negator being intensified.
        title: of a distractor being a title (otherwise an overruled opinion).
        opener: of a sentence beginning with a clause that decides nothing.
        closer: of a sentence ending with one.
        idle_clause: of such a clause holding a negator.
        dev_share: sentences of dev per training sentence.
        test_share: sentences of test per training sentence.
    """

    version: int = 1
    kinds: tuple[tuple[str, float], ...] = (
        ("strong", 0.35),
        ("negated", 0.20),
        ("redundant", 0.20),
        ("distractor", 0.25),
    )
    negated: float = 0.25
    idle_negator: float = 0.35
    intensifier: float = 0.6
    title: float = 0.4
    opener: float = 0.35
    closer: float = 0.3
    idle_clause: float = 0.5
    dev_share: float = 0.125
    test_share: float = 0.25


PLANTED = PlantedParameters()


def _without(kinds: tuple[tuple[str, float], ...], left_out: str) -> tuple[tuple[str, float], ...]:
    """Return the other kinds, their shares in the same proportions."""
    rest = sum(share for kind, share in kinds if kind != left_out)
    return tuple((kind, share / rest) for kind, share in kinds if kind != left_out)


VARIANTS = {
    "mixed": PLANTED,
    "sparse": replace(PLANTED, kinds=_without(PLANTED.kinds, "redundant")),
    "redundant": replace(PLANTED, kinds=(("redundant", 1.0),)),
}
"""Corpora of the frozen grammar with other shares of its kinds of sentence.

`mixed` is the corpus itself. In `sparse` one clause decides, with the other kinds in the
proportions of the corpus; in `redundant` two clauses do, each of which suffices.
"""


@dataclass(frozen=True)
class Writer:
    """Draws the parts of a sentence of one split."""

    random: random.Random
    frames: Frames
    parameters: PlantedParameters
    last: dict[str, str] = field(default_factory=dict)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, options: Any) -> Any:
        # random() is the one method whose stream Python promises never to change.
        return options[int(self.random.random() * len(options))]

    def filler(self, slot: str) -> str:
        """Draw what fills a slot, never twice the same in succession."""
        options = [text for text in FILLERS[slot] if text != self.last.get(slot)]
        self.last[slot] = self.pick(options)
        return self.last[slot]

    def plain(self, text: str, subject: str = "") -> Words:
        """Fill the slots that decide nothing."""
        words: Words = []
        for word in text.split():
            if word == "{subject}":
                words += _no_evidence(subject)
            elif word.startswith("{"):
                words += _no_evidence(self.filler(word[1:-1]))
            else:
                words.append((word, False))
        return words

    def phrase(self, slot: str, positive: bool) -> Words:
        """Draw evidence of one polarity."""
        words = self.pick(getattr(POSITIVE if positive else NEGATIVE, slot)).split()
        return [(word, word not in ARTICLES) for word in words]

    def judgement(self, slot: str, positive: bool, negated: bool) -> Words:
        """Draw evidence for one label: a phrase, or a negator and the opposite phrase."""
        if negated:
            negator = self.pick(getattr(NEGATORS, slot)).split()
            marked = [(word.lstrip("*"), word.startswith("*")) for word in negator]
            return marked + self.phrase(slot, not positive)
        phrase = self.phrase(slot, positive)
        if self.chance(self.parameters.idle_negator):
            words: Words = []
            for word in self.pick(getattr(IDLE_NEGATORS, slot)).split():
                if word == "{}":
                    words += phrase
                elif word == "{neutral}":
                    words += _no_evidence(self.pick(getattr(NEUTRAL, slot)))
                else:
                    words.append((word, False))
            return words
        if self.chance(self.parameters.intensifier):
            return _no_evidence(self.pick(getattr(INTENSIFIERS, slot))) + phrase
        return phrase

    def clause(self, positive: bool, negated: bool, subject: str = "") -> Words:
        """Draw a clause that decides the label; a given subject is sure to be in it."""
        frames = [
            (slot, frame)
            for slot, group in self.frames.clauses._asdict().items()
            for frame in group
            if not subject or "{subject}" in frame
        ]
        slot, frame = self.pick(frames)
        before, after = frame.split("{" + slot + "}")
        subject = subject or f"{self.pick(('the', 'this'))} {self.filler('work')}"
        return [
            *self.plain(before, subject),
            *self.judgement(slot, positive, negated),
            *self.plain(after, subject),
        ]

    def title(self) -> str:
        """Draw a subject whose quoted title holds evidence words of either polarity."""
        positive = self.chance(0.5)
        if self.chance(0.5):
            name = [*self.phrase("adjective", positive), (self.filler("title"), False)]
        else:
            name = self.phrase("noun", positive)
        words = " ".join(word for word, _ in name)
        return f'{self.pick(("the", "this"))} {self.filler("work")} called " {words} "'

    def opinion(self, frames: tuple[str, ...]) -> Words:
        """Draw someone else's opinion, of either polarity: it decides nothing."""
        frame = self.pick(frames)
        slot = next(slot for slot in POSITIVE._fields if "{" + slot + "}" in frame)
        before, after = frame.split("{" + slot + "}")
        negated = self.chance(self.parameters.negated)
        opinion = self.judgement(slot, self.chance(0.5), negated)
        said = [(word, False) for word, _ in opinion]
        return [*self.plain(before), *said, *self.plain(after)]

    def sentence(self, kind: str, positive: bool) -> Words:
        """Draw a whole sentence."""
        parameters = self.parameters
        before: Words = []
        after: Words = []
        subject = ""
        negated = kind == "negated"
        if kind in ("redundant", "distractor"):
            negated = self.chance(parameters.negated)
        if kind == "distractor":
            if self.chance(parameters.title):
                subject = self.title()
            elif self.chance(0.5):
                before = self.opinion(self.frames.before)
            else:
                after = self.opinion(self.frames.after)
        # A redundant sentence is long enough with its two clauses.
        if kind != "redundant" and not before and self.chance(parameters.opener):
            idle = self.chance(parameters.idle_clause)
            before = self.plain(self.pick(IDLE_OPENERS if idle else OPENERS))
        middle = self.clause(positive, negated, subject)
        if kind == "redundant":
            middle += _no_evidence(self.pick(JOINERS))
            middle += self.clause(positive, self.chance(parameters.negated))
        if kind != "redundant" and not after and self.chance(parameters.closer):
            idle = self.chance(parameters.idle_clause)
            after = self.plain(self.pick(IDLE_CLOSERS if idle else CLOSERS))
        return [*before, *middle, *after, (".", False)]


def _no_evidence(text: str) -> Words:
    return [(word, False) for word in text.split()]
