"""What every drawing of a report has: its axes, their marks, and a name for who does not see it."""

from ledger.model.frozen import frozen
from ledger.reports.html.elements import Markup, joined, tag
from ledger.reports.scales import Choices, Scale

Axis = Scale | Choices
_LETTERS = 40
"""Of an axis's name."""


@frozen
class Box:
    """Where things come on a drawing, in pixels."""

    width: int
    height: int
    left: int = 70
    """From its left side to where values begin."""
    right: int = 12
    top: int = 10
    bottom: int = 42
    room: int = 0
    """Between the axes and values, so that dots do not lie on an axis."""

    @property
    def across(self) -> tuple[float, float]:
        """Where an axis from left to right begins and ends."""
        return self.left, self.width - self.right

    @property
    def across_inside(self) -> tuple[float, float]:
        """Where values begin and end from left to right."""
        return self.left + self.room, self.width - self.right - self.room

    @property
    def up(self) -> tuple[float, float]:
        """Where an axis from below upwards begins and ends."""
        return self.height - self.bottom, self.top

    @property
    def up_inside(self) -> tuple[float, float]:
        """Where values begin and end from below upwards."""
        return self.height - self.bottom - self.room, self.top + self.room


def frame(box: Box, across: Axis, up: Axis, below: str, beside: str) -> Markup:
    """Both axes, and what they are called."""
    found: list[object] = [under(box, across, below)]
    left, right = box.across
    for place, said in up.ticks():
        found += [
            tag("line", class_="grid", x1=left, x2=right, y1=px(place), y2=px(place)),
            tag("text", said, x=left - 6, y=px(place + 4), class_="end"),
        ]
    turned = f"translate(13 {(box.top + box.height - box.bottom) / 2:g}) rotate(-90)"
    return joined((*found, tag("text", beside[:_LETTERS], class_="middle", transform=turned)))


def under(box: Box, across: Axis, name: str) -> Markup:
    """The axis from left to right."""
    bottom = box.height - box.bottom
    left, right = box.across
    found: list[object] = [tag("line", class_="axis", x1=left, x2=right, y1=bottom, y2=bottom)]
    for place, said in across.ticks():
        found += [
            tag("line", class_="grid", x1=px(place), x2=px(place), y1=box.top, y2=bottom),
            tag("text", said, x=px(place), y=bottom + 16, class_="middle"),
        ]
    middle = (across.start + across.end) / 2
    name = name[:_LETTERS]
    return joined((*found, tag("text", name, x=px(middle), y=box.height - 6, class_="middle")))


def drawing(title: str, box: Box, *children: object, small: bool = False) -> Markup:
    """A drawing that scrolls where it is too wide; a small one becomes smaller instead."""
    drawn = tag("svg", tag("title", title), *children, viewBox=f"0 0 {box.width} {box.height}", role="img")
    if small:
        return tag("div", drawn, class_="plot small")
    return tag("div", drawn, class_="scroll plot", tabindex="0", role="region", aria_label=title)


def px(found: float) -> str:
    """Pixels, to a tenth."""
    return f"{found:.1f}".rstrip("0").rstrip(".")
