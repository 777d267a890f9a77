"""The diagram of a run's models as SVG: a tree of models, their guides beside them.

It is narrow on purpose: at the width of a phone its smallest text is 10.4 pixels high.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple
from xml.etree import ElementTree as ET

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from attnjax.report.diagram import Arrow, Diagram, Model, diagram_words
from attnjax.report.style import COLOURS, FONTS, INK, MUTED, Drawing, as_drawing, without_controls

WIDTH = 380.0
_RAIL, _LEFT, _GAP, _EDGE = 10.0, 21.0, 64.0, 5.0
_GUIDE = 134.0
_PAD, _BETWEEN = 7.0, 13.0
_SIZES = {"title": 12.0, "line": 11.5, "label": 11.0, "heading": 11.0}
_BOLD = ("title", "heading")
_LEADING = 1.32
_FILLS: Mapping[str, tuple[str, str]] = {
    "base": ("#E3EFF7", COLOURS[0]),
    "other": ("#FFFFFF", MUTED),
    "adversary": ("#FBEBE0", COLOURS[3]),
    "guide": ("#E2F3ED", COLOURS[2]),
}


class _Box(NamedTuple):
    """A model and where it stands; its label above it belongs to the arrow that ends there."""

    model: Model
    x: float
    width: float
    label: tuple[str, ...]
    title: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def label_height(self) -> float:
        return _height(self.label, "label") + (3.0 if self.label else 0.0)

    @property
    def box_height(self) -> float:
        return 2 * _PAD + _height(self.title, "title") + _height(self.lines, "line")


def draw_diagram(diagram: Diagram) -> Drawing:
    """Draw the models of a run, their scores, and what was copied or imitated."""
    left = WIDTH - _EDGE - (_GAP + _GUIDE if diagram.guides else 0.0)
    labels = {one.target: one for one in diagram.arrows}
    models = [_box(one, labels, left) for one in diagram.models]
    guides = [_guide_box(one) for one in diagram.guides]
    group = ET.Element("g", {"font-family": FONTS, "fill": INK})
    top = _headings(group, bool(guides))
    places: dict[str, tuple[_Box, float]] = {}
    for model, guide in _rows(models, guides, diagram.arrows):
        middle = max(_middle(model), _middle(guide))
        for box in (model, guide):
            if box is not None:
                places[box.model.key] = (box, top + middle - _middle(box) + box.label_height)
        below = (box.box_height / 2 for box in (model, guide) if box is not None)
        top += middle + max(below) + _BETWEEN
    for arrow in diagram.arrows:
        _arrow(group, arrow, places)
    for box, y in places.values():
        _draw_box(group, box, y)
    words = diagram_words(diagram)
    return as_drawing(
        ET.tostring(group, encoding="unicode"),
        WIDTH,
        round(top - _BETWEEN + _EDGE, 1),
        name="models",
        title="The models of this run, and what was copied or imitated",
        description=words,
        caption="The models that this run trained. Scores are on the test split; JSD and TVD are "
        "mean distances from the base: of the attention, and of the output.",
    )


def _box(model: Model, arrows: Mapping[str, Arrow], right: float) -> _Box:
    x = _LEFT if model.key in arrows else _EDGE
    label = arrows[model.key].label if model.key in arrows else ""
    return _wrapped(model, x, right - x, label)


def _guide_box(model: Model) -> _Box:
    return _wrapped(model, WIDTH - _EDGE - _GUIDE, _GUIDE, "")


def _wrapped(model: Model, x: float, width: float, label: str) -> _Box:
    inner = width - 2 * _PAD
    return _Box(
        model,
        x,
        width,
        tuple(wrap(label, width, "label")) if label else (),
        tuple(wrap(model.title, inner, "title")),
        tuple(part for line in model.lines for part in wrap(line, inner, "line")),
    )


def _rows(
    models: Sequence[_Box], guides: Sequence[_Box], arrows: Sequence[Arrow]
) -> list[tuple[_Box | None, _Box | None]]:
    """Pair models and guides: a guide beside its source, the others where there is room."""
    sources = {one.target: one.source for one in arrows}
    keys = [one.model.key for one in models]
    beside: dict[str, _Box] = {
        sources[one.model.key]: one for one in guides if one.model.key in sources
    }
    waiting = [one for one in guides if one.model.key not in sources]
    for key in keys:
        if key not in beside and waiting:
            beside[key] = waiting.pop(0)
    rows: list[tuple[_Box | None, _Box | None]] = [
        (one, beside.get(one.model.key)) for one in models
    ]
    return rows + [(None, one) for one in waiting]


def _middle(box: _Box | None) -> float:
    """Return how far below the top of its row the middle of a box lies."""
    return 0.0 if box is None else box.label_height + box.box_height / 2


def _headings(group: ET.Element, guides: bool) -> float:
    """Write what the columns hold; return where the rows begin."""
    if not guides:
        return _EDGE
    x = WIDTH - _EDGE - _GUIDE
    words = wrap("Without context, with attention given to it", _GUIDE, "heading")
    _text(group, words, x, _EDGE, "heading")
    last = _EDGE + _height(words[1:], "heading")
    _text(group, ["The classifier"], _EDGE, last, "heading")
    return _EDGE + _height(words, "heading") + 6.0


def _arrow(group: ET.Element, arrow: Arrow, places: Mapping[str, tuple[_Box, float]]) -> None:
    """Draw an arrow: along the rail to a model below, or across to a guide."""
    (source, from_y), (target, to_y) = places[arrow.source], places[arrow.target]
    middle = to_y + target.box_height / 2
    if target.model.kind == "guide":
        start, end = source.x + source.width, target.x
        _line(group, [(start, middle), (end - 5, middle)])
        _head(group, end, middle)
        first, second = "attention", "copied"
        for word, y in ((first, middle - 4), (second, middle + 12)):
            _text(group, [word], (start + end - 5) / 2, y - 11.5, "label", anchor="middle")
        return
    _line(group, [(_RAIL, from_y + source.box_height), (_RAIL, middle), (target.x - 5, middle)])
    _head(group, target.x, middle)
    _text(group, target.label, target.x, to_y - target.label_height, "label", style="italic")


def _line(group: ET.Element, points: Sequence[tuple[float, float]]) -> None:
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    ET.SubElement(group, "path", {"d": path, "fill": "none", "stroke": INK, "stroke-width": "1.2"})


def _head(group: ET.Element, x: float, y: float) -> None:
    path = f"M{x:.1f} {y:.1f} l-7 -3.5 v7 z"
    ET.SubElement(group, "path", {"d": path, "fill": INK})


def _draw_box(group: ET.Element, box: _Box, y: float) -> None:
    fill, stroke = _FILLS[box.model.kind]
    ET.SubElement(
        group,
        "rect",
        {
            "x": f"{box.x:.1f}",
            "y": f"{y:.1f}",
            "width": f"{box.width:.1f}",
            "height": f"{box.box_height:.1f}",
            "rx": "4",
            "fill": fill,
            "stroke": stroke,
            "stroke-width": "2" if box.model.kind == "base" else "1.2",
        },
    )
    x, top = box.x + _PAD, y + _PAD
    _text(group, box.title, x, top, "title")
    _text(group, box.lines, x, top + _height(box.title, "title"), "line")


def _text(
    group: ET.Element,
    lines: Sequence[str],
    x: float,
    top: float,
    kind: str,
    *,
    style: str = "normal",
    anchor: str = "start",
) -> None:
    """Write lines below each other, the first one's top at `top`."""
    size = _SIZES[kind]
    for place, line in enumerate(lines):
        written = ET.SubElement(
            group,
            "text",
            {
                "x": f"{x:.1f}",
                "y": f"{top + size * (0.95 + _LEADING * place):.1f}",
                "font-size": f"{size:g}",
                "font-weight": "bold" if kind in _BOLD else "normal",
                "font-style": style,
                "text-anchor": anchor,
            },
        )
        written.text = line


def _height(lines: Sequence[str], kind: str) -> float:
    return len(lines) * _SIZES[kind] * _LEADING


def wrap(text: str, width: float, kind: str) -> list[str]:
    """Break text into lines that fit, at spaces.

    Args:
        text: of one line or more; a no-break space is never broken.
        width: that a line may take.
        kind: of text: `title`, `heading`, `line` or `label`.

    Example:
        >>> wrap("same model, other seed", 85.0, "label")
        ['same model,', 'other seed']
    """
    lines: list[str] = []
    for word in without_controls(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _width(longer, kind) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@cache
def _width(text: str, kind: str) -> float:
    """Return how wide a line is in the font that figures are laid out with."""
    weight = "bold" if kind in _BOLD else "normal"
    font = FontProperties(family="DejaVu Sans", size=_SIZES[kind], weight=weight)
    return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]
