"""How every figure looks, and how one becomes SVG that a page can hold."""

import contextlib
import html
import io
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
"""Okabe and Ito's palette: apart from each other for every kind of colour vision."""

HATCHES = ("", "////", "\\\\\\\\", "xxxx", "----", "||||")
"""So that classes stay apart where the page is printed in grey."""

INK, MUTED, BAND = "#222222", "#666666", "#D9D9D9"
WIDTH = 7.2
"""Of a figure, in inches: 691 CSS pixels, so that 10 pt text stays legible at 600."""

MAX_CLASSES = len(COLOURS)
"""With more classes than this, figures show all classes together."""

_SETTINGS = {
    # Text stays text: it can be searched, read aloud, and is small.
    "svg.fonttype": "none",
    "svg.hashsalt": "attnjax",
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "text.parse_math": False,
    "axes.unicode_minus": True,
}

# Verdana has the widths of DejaVu Sans, with which matplotlib lays the figure out.
FONTS = "'DejaVu Sans', Verdana, sans-serif"


class Drawing(NamedTuple):
    """A figure ready to be written and shown.

    Attributes:
        name: of its file, without `.svg`.
        caption: what stands below it.
        file: a complete SVG document.
        inline: the same without namespaces, for an HTML page.
    """

    name: str
    caption: str
    file: bytes
    inline: str


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Draw with the report's settings, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A class may be called by an emoji: the text itself reaches the SVG, and the
        # browser has the glyph.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)  # pyright: ignore
        yield


NARROW = 4.9
"""Of a figure whose text stays legible on a phone, in inches."""


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure of the report's width.

    Args:
        height: in inches.
        width: in inches, `WIDTH` or `NARROW`.
    """
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def label(text: str, longest: int = 28) -> str:
    r"""Return text from the data as a figure can hold it: no control characters, not long.

    Example:
        >>> label("a\0b") == "a\N{REPLACEMENT CHARACTER}b", len(label("x" * 99))
        (True, 28)
    """
    clean = without_controls(text)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def without_controls(text: str) -> str:
    """Return text without what XML cannot hold: control characters become U+FFFD."""
    return "".join(
        char if char.isprintable() or not char.isascii() else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def tidy(axes: Axes, *, grid: str = "x") -> None:
    """Put a light grid behind the data."""
    axes.set_axisbelow(True)
    axes.grid(axis=grid, color="#E6E6E6", linewidth=0.7)  # pyright: ignore[reportArgumentType]
    axes.tick_params(length=3)


def draw(figure: Figure, *, name: str, title: str, description: str, caption: str) -> Drawing:
    """Turn a figure into SVG that is the same, byte for byte, in every run.

    Args:
        figure: made inside `house_style`.
        name: of the file, and prefix of every id, so that figures share a page.
        title: what a screen reader announces.
        description: the figure's content in words.
        caption: what stands below it on the page.
    """
    buffer = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    return as_drawing(
        _clean(buffer.getvalue().decode(), name),
        *(figure.get_size_inches() * 72),
        name=name,
        title=title,
        description=description,
        caption=caption,
    )


def as_drawing(
    body: str,
    width: float,
    height: float,
    *,
    name: str,
    title: str,
    description: str,
    caption: str,
) -> Drawing:
    """Wrap what stands inside `<svg>` as a document and as a part of a page.

    Args:
        body: SVG elements whose ids begin with the name.
        width: in points, as are the elements' coordinates.
        height: likewise.
        name: of the file, and prefix of every id.
        title: what a screen reader announces.
        description: the figure's content in words.
        caption: what stands below it on the page.
    """
    narrow = 'class="narrow" ' if width < WIDTH * 72 else ""
    attributes = (
        f'{narrow}role="img" aria-labelledby="{name}-title {name}-description" '
        f'viewBox="0 0 {width:g} {height:g}"'
    )
    words = (
        f'<title id="{name}-title">{html.escape(without_controls(title))}</title>\n'
        f'<desc id="{name}-description">{html.escape(without_controls(description))}</desc>\n'
    )
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    size = f'width="{width:g}pt" height="{height:g}pt"'
    style = "<style>*{stroke-linejoin:round;stroke-linecap:butt}</style>\n"
    document = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<svg {namespaces} version="1.1" {size} {attributes}>\n{words}{style}{body}</svg>\n'
    )
    inline = f"<svg {attributes}>\n{words}{body.replace('xlink:href', 'href')}</svg>"
    return Drawing(name, caption, document.encode(), inline)


def _clean(svg: str, name: str) -> str:
    """Return what stands inside `<svg>`, with ids of this figure alone and no addresses."""
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r"url\(#", f"url(#{name}-", body)
    body = re.sub(r'href="#', f'href="#{name}-', body)
    # Both spellings: matplotlib quotes the family in some versions.
    return re.sub(r"'DejaVu Sans'(?:, sans-serif)?", FONTS, body).lstrip()
