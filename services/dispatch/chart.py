"""A chart of one figure as SVG: a bar for each group, or a line over weeks. Nothing in it runs or loads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

LEFT, TOP, HEIGHT, BOTTOM = 80, 64, 240, 130
STEP = 72
"""From one group to the next."""
BAR = 40
LABEL = 16
"""Characters of a group's name; of a longer one the rest is cut."""
INK, PALE, COLOUR = "#222222", "#dddddd", "#1f5fa8"
FONT = "Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"


@dataclass(frozen=True, slots=True)
class Chart:
    """What is shown. A point is a group's name and its value, None if there is none; `top` is where the axis
    of values ends, 0 for what the values need."""

    title: str
    groups: str
    values: str
    nothing: str
    points: Sequence[tuple[str, float | None]]
    line: bool = False
    top: float = 0


def drawn(chart: Chart) -> str:
    """The chart as an SVG document."""
    width = LEFT + max(len(chart.points), 7) * STEP + 24
    height = TOP + HEIGHT + BOTTOM
    values = [value for _, value in chart.points if value is not None]
    top = chart.top or _round_up(max(values, default=0))
    middle = LEFT + (width - LEFT) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="{FONT}" font-size="12" fill="{INK}">',
        f"<title>{_safe(chart.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _text(width / 2, 28, chart.title, 'text-anchor="middle" font-size="18"'),
        _text(middle, height - 12, chart.groups, 'text-anchor="middle"'),
        _text(LEFT - 8, TOP - 20, chart.values, 'text-anchor="middle"'),
        *_axis(top, width),
        *(
            _series(chart, top)
            if values
            else [_text(middle, TOP + 120, chart.nothing, 'text-anchor="middle"')]
        ),
        *_labels(chart),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axis(top: float, width: int) -> Iterator[str]:
    for quarter in range(5):
        value, y = top * quarter / 4, TOP + HEIGHT * (4 - quarter) / 4
        yield f'<path d="M{LEFT} {y:g}H{width - 16}" stroke="{PALE if quarter else INK}"/>'
        yield _text(LEFT - 8, y + 4, f"{value:g}", 'text-anchor="end"')


def _series(chart: Chart, top: float) -> Iterator[str]:
    shown = [(_middle(place), value) for place, (_, value) in enumerate(chart.points) if value is not None]
    if chart.line:
        # A group without a value breaks the line.
        for (x, value), (after, then) in pairwise(shown):
            if after - x == STEP:
                ends = f"M{x} {_height(value, top):g}L{after} {_height(then, top):g}"
                yield f'<path d="{ends}" stroke="{COLOUR}" stroke-width="2"/>'
    for x, value in shown:
        y = _height(value, top)
        if chart.line:
            yield f'<circle cx="{x}" cy="{y:g}" r="4" fill="{COLOUR}"/>'
        else:
            rest = TOP + HEIGHT - y
            yield f'<rect x="{x - BAR // 2}" y="{y:g}" width="{BAR}" height="{rest:g}" fill="{COLOUR}"/>'
        yield _text(x, y - 8, f"{value:g}", 'text-anchor="middle"')


def _labels(chart: Chart) -> Iterator[str]:
    y = TOP + HEIGHT + 18
    for place, (name, _) in enumerate(chart.points):
        cut = name if len(name) <= LABEL else name[: LABEL - 1] + "…"
        x = _middle(place)
        yield _text(x, y, cut, f'text-anchor="end" transform="rotate(-30 {x} {y})"')


def _middle(place: int) -> int:
    return LEFT + place * STEP + STEP // 2


def _height(value: float, top: float) -> float:
    return round(TOP + HEIGHT * (1 - min(value / top, 1)), 1)


def _round_up(most: float) -> float:
    """The next of 1, 2, 4, 10, 20, 40 … that quarters of are easily read."""
    step = 1.0
    while step < most:
        step *= 2.5 if str(step)[0] == "4" else 2
    return step


def _text(x: float, y: float, said: str, how: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" {how}>{_safe(said)}</text>'


def _safe(said: str) -> str:
    """`said` as the text of an element: escaped, without what XML cannot have."""
    return escape("".join(sign for sign in said if sign.isprintable()))
