"""The sentence frames of the planted-evidence corpus.

A frame has one slot for evidence (`{adjective}`, `{noun}` or `{verb}`) and slots for words
without polarity. In every group the frames for dev and test stand at the end (`divided`):
no frame of one split occurs in another.
"""

from typing import NamedTuple

from attnjax.data.planted_phrases import Phrases


def _frames(text: str) -> tuple[str, ...]:
    return tuple(" ".join(line.split()) for line in text.strip().splitlines())


CLAUSES = Phrases(
    adjective=_frames("""
        {subject} is {adjective} from start to finish
        the {part} of {subject} is {adjective}
        i found {subject} {adjective} when i saw it {when}
        the {part} is {adjective} and the {part} lasts ten minutes
        in this {work} the {part} seems {adjective} to me
        for me everything about {subject} felt {adjective}
        what struck me {when} is that it was {adjective}
        {subject} , like the {part} of it , was {adjective}
        the {part} became {adjective} after the first twenty minutes
        for two hours {subject} remains {adjective}
        with its {part} and its {part} {subject} is {adjective}
        the {part} , written in a month , is {adjective}
        seen {where} , {subject} looks {adjective}
        the director made the {part} {adjective} in every scene
        in the end i would call the {part} {adjective}
        it is the {part} that makes {subject} {adjective}
        {subject} turned out to be {adjective} {when}
        the {part} in {subject} sounds {adjective} throughout
        we thought the {part} was {adjective} and told everyone so
        if you ask me , i think that {subject} is {adjective}
        the {part} appears {adjective} even {where}
        there is something in the {part} that is {adjective}
        all in all {subject} proved {adjective}
        i saw {subject} {where} and it was {adjective}
        between the {part} and the {part} , {subject} is {adjective}
        the {part} stays {adjective} until the credits roll
        to my mind the {part} here is {adjective}
        sitting {where} i felt that {subject} is {adjective}
        the new {work} by this director is {adjective}
        the {part} that opens {subject} is {adjective}
        i felt that the {part} of this {work} is {adjective}
        this {work} , shot in a week , is {adjective}
        the {part} struck me as {adjective} {when}
        {subject} was {adjective} when we watched it {where}
        the {part} of this {work} seems {adjective} from the first scene
        after the first scene we thought {subject} was {adjective}
        in the end the {part} of {subject} proved {adjective}
        the {part} is {adjective} even if you watch it {when}
        i think that the {part} , like the {part} , is {adjective}
        as a {work} about a family , {subject} is {adjective}
    """),
    noun=_frames("""
        {subject} is {noun} from start to finish
        the {part} of {subject} is {noun}
        i thought {subject} was {noun} when i saw it {when}
        what we saw {when} was {noun}
        as a {work} , {subject} is {noun}
        {subject} , which we watched {where} , was {noun}
        the {part} became {noun} after the first twenty minutes
        for two hours {subject} remains {noun}
        with its {part} and its {part} {subject} is {noun}
        the {part} , written in a month , is {noun}
        seen {where} , {subject} is {noun}
        in every scene the {part} is {noun}
        in the end i would call the {part} {noun}
        it is the {part} that makes {subject} {noun}
        {subject} turned out to be {noun} {when}
        we thought the {part} was {noun} and told everyone so
        if you ask me , {subject} is {noun}
        there is one scene in {subject} that is {noun}
        all in all {subject} proved {noun}
        i saw {subject} {where} and it was {noun}
        between the {part} and the {part} , {subject} is {noun}
        the {part} stays {noun} until the credits roll
        to my mind the {part} here is {noun}
        sitting {where} i felt that {subject} is {noun}
        the new {work} by this director is {noun}
        the {part} that opens {subject} is {noun}
        this {work} , shot in a week , is {noun}
        the {part} struck me {when} as {noun}
        {subject} was {noun} when we watched it {where}
        the {part} of this {work} seems {noun} from the first scene
        after the first scene we thought {subject} was {noun}
        in the end the {part} of {subject} proved {noun}
        the {part} is {noun} even if you watch it {when}
        i think that the {part} , like the {part} , is {noun}
        as a {work} about a family , {subject} is {noun}
        even if you watch it {where} , the {part} is {noun}
    """),
    verb=_frames("""
        {subject} {verb} from start to finish
        more and more the {part} of {subject} {verb}
        when i saw it {when} , i felt that {subject} {verb}
        the {part} {verb} and the {part} lasts ten minutes
        in this {work} about a family the {part} {verb}
        even {where} i felt that {subject} {verb}
        for two hours and more {subject} {verb}
        with its {part} and its {part} {subject} {verb}
        the {part} , written in a month , {verb}
        seen {where} , {subject} {verb}
        it is the {part} of {subject} that {verb}
        if you ask me , {subject} {verb}
        the {part} in {subject} {verb} throughout
        there is something in the {part} that {verb}
        all in all i think that {subject} {verb}
        i saw {subject} {where} and in the end the {part} {verb}
        between the {part} and the {part} , {subject} {verb}
        the {part} {verb} until the credits roll
        to my mind the {part} here {verb}
        sitting {where} i felt that {subject} {verb}
        the new {work} by this director {verb}
        the {part} that opens {subject} {verb}
        this {work} , shot in a week , {verb}
        after the first twenty minutes the {part} {verb}
        {subject} , which we watched {where} , {verb}
        we told everyone that the {part} {verb}
        {subject} {verb} when we watched it {where}
        the {part} of this {work} {verb} from the first scene
        after the first scene i felt that {subject} {verb}
        in the end the {part} of {subject} {verb}
        the {part} {verb} even if you watch it {when}
        i think that the {part} , like the {part} , {verb}
        as a {work} about a family , {subject} {verb}
        even if you watch it {where} , the {part} {verb}
    """),
)

# What someone else said is overruled by what follows or precedes; it decides nothing.
OVERRULED_BEFORE = _frames("""
    {person} called it {adjective} , but i judge for myself :
    {person} called it {noun} , but i judge for myself :
    {person} found it {adjective} ; as for me , i think
    {person} thought it was {noun} ; as for me , i think
    {person} told us it was {adjective} , which did not matter to me :
    {person} wrote that it was {noun} , but i never listen :
    {person} expected {noun} , but this is what i saw :
    {person} says it {verb} , but i judge for myself :
    {person} claimed that it {verb} ; as for me , i think
    whatever {person} wrote about {noun} ,
    although {person} called it {adjective} , my own view is that
    although {person} said it {verb} , my own view is that
    {person} wrote it was {noun} , but i judge for myself :
    {person} told everyone it {verb} ; as for me , i think
    although {person} thought it {adjective} , my own view is that
    {person} said it was {adjective} , but this is what i saw :
""")

OVERRULED_AFTER = _frames("""
    , whatever {person} says about {noun}
    , and never mind that {person} called it {adjective}
    , and never mind that {person} called it {noun}
    , though {person} , who left early , thought it {adjective}
    , though {person} , who left early , said that it {verb}
    ; {person} said it was {adjective} , but i disagree
    ; {person} said it was {noun} , but i disagree
    , and never mind that {person} told us it {verb}
    ; {person} wrote that it {verb} , but i disagree
    , though {person} , who left early , called it {noun}
""")

OPENERS = _frames("""
    last night we went to the cinema , and
    on the way home we talked about it , and
    we bought two tickets {when} , and
    i watched this {work} {where} , and
    after a long day at work i sat down {where} , and
    the queue was long , and
    it was raining when we arrived , and
    someone had lent me a copy of this {work} , and
""")

# A negator that has nothing to do with the evidence of the sentence.
IDLE_OPENERS = _frames("""
    i had not read the book , and
    nobody in the room had seen the trailer , and
    we never found the popcorn , and
    i do not know the director , and
    the tickets were hardly expensive , and
    there was no queue , and
    we were nowhere near the screen , and
    i rarely watch any {work} , and
    the children could not sit still , and
    it was by no means the first {work} {when} , and
""")

CLOSERS = _frames("""
    , and we stayed for the credits
    , and the {work} next door was sold out
    , and then we walked home {when}
    , and it lasts about two hours
    , and there is another {work} by the same people
    , and i watched it {where}
""")

IDLE_CLOSERS = _frames("""
    , and i have not told anyone yet
    , and there was no interval
    , and we did not stay for the credits
    , and nobody in our row left early
    , and i had never heard of the {work} before
    , and the {work} next door was hardly sold out
""")

JOINERS = (", and", ";", ", while", ", and in addition")


class Frames(NamedTuple):
    """What one split may be made of."""

    clauses: Phrases
    before: tuple[str, ...]
    after: tuple[str, ...]


def divided() -> dict[str, Frames]:
    """Return the frames of each split: of every group the last fifth is for test.

    The tenth before it is for dev, the rest for train.

    Example:
        >>> {name: len(frames.clauses.noun) for name, frames in divided().items()}
        {'train': 25, 'dev': 4, 'test': 7}
    """
    groups = (*CLAUSES, OVERRULED_BEFORE, OVERRULED_AFTER)
    cuts = [(round(0.7 * len(group)), round(0.8 * len(group))) for group in groups]
    slices = {
        "train": [slice(0, first) for first, _ in cuts],
        "dev": [slice(first, second) for first, second in cuts],
        "test": [slice(second, None) for _, second in cuts],
    }
    result = {}
    for split, parts in slices.items():
        adjective, noun, verb, before, after = (
            group[part] for group, part in zip(groups, parts, strict=True)
        )
        result[split] = Frames(Phrases(adjective, noun, verb), before, after)
    return result
