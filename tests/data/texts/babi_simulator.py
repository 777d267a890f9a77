"""An independent judge of bAbI questions: it reads statements and knows nothing of the generator.

It keeps no state of a world but looks things up in the list of what was told, backwards.
"""

MOVING = ("moved", "went", "journeyed", "travelled")
TAKING = ("got", "took", "grabbed", "picked")


def told(statement):
    """Return who did what (move, take or leave) to which place or thing."""
    words = [word for word in statement.rstrip(".").split() if word != "there"]
    kind = "move" if words[1] in MOVING else "take" if words[1] in TAKING else "leave"
    return words[0], kind, words[-1]


def place_of_person(facts, person):
    """Return where somebody went last, or None."""
    return next(
        (what for who, kind, what in reversed(facts) if (who, kind) == (person, "move")), None
    )


def way_of_thing(facts, thing):
    """Return the places where a thing is known to have been, in order, none twice in a row."""
    way = []
    for end in range(1, len(facts) + 1):
        before = facts[:end]
        handled = [fact for fact in before if fact[1] != "move" and fact[2] == thing]
        if not handled:
            continue
        who, kind, _ = handled[-1]
        if kind == "leave" and facts[end - 1] != handled[-1]:
            continue  # it lies there, whoever goes elsewhere
        place = place_of_person(before, who)
        if place is not None and way[-1:] != [place]:
            way.append(place)
    return way


def answer(passage, question):
    """Return what the statements say to a question of any of the three tasks."""
    facts = [told(statement) for statement in passage]
    words = question.rstrip("?").split()
    if words[1] == "was":
        way = way_of_thing(facts, words[3])
        last = max(i for i, place in enumerate(way) if place == words[-1])
        return way[last - 1]
    if words[2] == "the":
        return way_of_thing(facts, words[3])[-1]
    return place_of_person(facts, words[2])
