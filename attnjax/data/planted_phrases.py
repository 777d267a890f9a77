"""The words of the planted-evidence corpus: what decides a label, and what only looks like it.

An article at the head of a noun phrase is no evidence; every other word of a phrase is.
In negators a star marks the words that are evidence.
"""

from typing import NamedTuple


class Phrases(NamedTuple):
    """Evidence of one polarity by the slot of a frame that it fits."""

    adjective: tuple[str, ...]
    noun: tuple[str, ...]
    verb: tuple[str, ...]


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.replace("\n", " ").split(","))


POSITIVE = Phrases(
    adjective=_phrases("""
        superb, brilliant, charming, delightful, wonderful, gripping, dazzling, moving, clever,
        hilarious, gorgeous, elegant, stunning, memorable, inspired, masterful, captivating,
        touching, witty, magnificent, marvellous, thrilling, heartfelt, exquisite, splendid,
        refreshing, graceful, enchanting, top notch, uplifting, radiant, imaginative, tender,
        ingenious, absorbing, flawless, irresistible, luminous, poignant, spirited, astonishing,
        excellent, fascinating, joyous, rewarding, beautifully judged, sublime, lovely
    """),
    noun=_phrases("""
        a triumph, a delight, a masterpiece, a gem, a treasure, a joy, a marvel, a treat,
        a revelation, a classic, an achievement, a winner, a wonder, a pleasure, a knockout,
        a feast, a success, a sensation, a miracle, a blessing, an inspiration,
        a perfect evening, a crowd pleaser, a glorious ride, a landmark, a breakthrough,
        a celebration, a stroke of genius
    """),
    verb=_phrases("""
        sparkles, dazzles, shines, soars, captivates, delights, enchants, excels, charms,
        impresses, thrills, glows, fascinates, sings, triumphs, amuses, inspires, amazes,
        enthralls, succeeds, blossoms, rings true, wins hearts, pays off, casts a spell,
        lifts the spirits, stands tall, satisfies
    """),
)

NEGATIVE = Phrases(
    adjective=_phrases("""
        dull, awful, terrible, boring, clumsy, tedious, dreadful, lifeless, shallow, tiresome,
        predictable, sloppy, stale, pointless, bland, irritating, messy, contrived, laughable,
        insufferable, wooden, dreary, incoherent, feeble, hollow, ugly, forgettable, painful,
        lazy, pretentious, overblown, third rate, lumbering, mediocre, ludicrous, grating,
        witless, charmless, disjointed, flimsy, horrible, muddled, dismal, inept, tasteless,
        badly judged, unbearable, miserable
    """),
    noun=_phrases("""
        a disaster, a mess, a bore, a failure, a letdown, a chore, a dud, a fiasco, a nightmare,
        a disgrace, a mistake, a waste, a flop, an embarrassment, a disappointment, a trainwreck,
        a shambles, an insult, an ordeal, a blunder, a catastrophe, a lost evening, a sham,
        a dreary slog, a misfire, a travesty, an annoyance, a waste of time
    """),
    verb=_phrases("""
        drags, bores, falls flat, stumbles, fizzles, grates, annoys, disappoints, plods, misfires,
        flounders, sags, irritates, sputters, stalls, unravels, collapses, limps, flops, fails,
        disgusts, bungles, exasperates, rings hollow, loses heart, runs dry, misses the mark,
        wears thin
    """),
)

INTENSIFIERS = Phrases(
    adjective=_phrases("very, truly, quite, really, utterly, so, rather, simply, always"),
    noun=_phrases("really, truly, quite, simply, clearly, surely"),
    verb=_phrases("really, truly, always, often, simply, clearly"),
)

NEGATORS = Phrases(
    adjective=_phrases("""
        *not, *never, *hardly, *scarcely, *not very, *not at all, *not in the least, *not really,
        *hardly ever, *far *from, *anything *but, *by *no *means, *nowhere *near, *not particularly
    """),
    noun=_phrases("""
        *not, *hardly, *scarcely, *never, *not really, *not exactly, *not quite, *far *from,
        *anything *but, *by *no *means, *nowhere *near, *not at all
    """),
    verb=_phrases("""
        *never, *hardly, *scarcely, *rarely, *seldom, *hardly ever, *never really, *never once,
        *by *no *means
    """),
)

# {} is the evidence, {neutral} a word without polarity: the negator belongs to something else.
IDLE_NEGATORS = Phrases(
    adjective=_phrases(
        """
        not only {} but also {neutral}; not just {} but {neutral}; not {neutral} but {};
        never {neutral} but always {}; {} and never {neutral}; hardly {neutral} but {};
        far from {neutral} but {}; {} though by no means {neutral}; {} but not {neutral};
        anything but {neutral} and {}
    """.replace(",", "").replace(";", ",")
    ),
    noun=_phrases(
        """
        not only {} but also {neutral}; not just {} but {neutral}; not {neutral} but {};
        hardly {neutral} but {}; {} and not {neutral}; {} though by no means {neutral};
        far from {neutral} but {}; {} but never {neutral}
    """.replace(",", "").replace(";", ",")
    ),
    verb=_phrases(
        """
        not only {} but also {neutral}; not just {} but {neutral}; never {neutral} but {};
        hardly ever {neutral} but {}; {} and never {neutral}; {} but rarely {neutral};
        seldom {neutral} but always {}
    """.replace(",", "").replace(";", ",")
    ),
)

NEUTRAL = Phrases(
    adjective=_phrases("""
        long, short, loud, quiet, modern, old, foreign, dark, serious, political, romantic,
        historical, animated, rural, futuristic, musical, traditional, french
    """),
    noun=_phrases("""
        a comedy, a thriller, a remake, a debut, a family story, a period piece, a musical,
        a western, a sequel, a ghost story, an adaptation, a documentary, a road movie, a fairy tale
    """),
    verb=_phrases("""
        pauses, hurries, changes pace, slows down, whispers, explains, shouts, looks back, repeats,
        moves indoors, speaks french, turns political
    """),
)

FILLERS = {
    "work": _phrases("""
        film, movie, picture, drama, comedy, thriller, musical, sequel, remake, documentary, play,
        western, cartoon, adaptation, mystery, story, production, show
    """),
    "part": _phrases("""
        acting, plot, script, dialogue, music, editing, camera work, ending, opening, first half,
        second half, cast, direction, staging, pacing, story, lead actor, love story, soundtrack,
        final scene, chase scene, voice work, set design, lighting
    """),
    "person": _phrases("""
        my neighbour, my brother, my aunt, a critic, a reviewer, a friend, my colleague,
        the man next to us, a reporter, my sister, the usher, my teacher, a blogger, her cousin
    """),
    "when": _phrases("""
        on a rainy sunday, last night, last week, on monday, in the afternoon, during the holidays,
        at the festival, after work, on a long flight, in the summer
    """),
    "where": _phrases("""
        in a crowded cinema, at home, in a small theatre, on a big screen, in the front row,
        at the local cinema, in an old theatre, with friends, with the children, near the exit
    """),
    "title": _phrases("""
        garden, river, winter, house, letter, road, island, summer, mirror, stranger, morning,
        city, bridge, orchard, lantern, voyage, harbour, kingdom
    """),
}
