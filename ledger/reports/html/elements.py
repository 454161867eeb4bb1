"""Elements of a page: whatever is not known to be one is text, and escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from ledger.ops.text import clean


class Markup(str):
    """HTML that was made here."""

    __slots__ = ()


NOTHING = Markup("")
_VOID = frozenset({"br", "col", "hr", "line", "circle", "path", "rect", "input"})


def text(found: object) -> Markup:
    """Anything as text; what no browser shows, or what turns the order of letters, is written out."""
    return found if isinstance(found, Markup) else Markup(escape(clean(str(found))))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """One element.

    Parameters
    ----------
    name
        Its name.
    *children
        Markup, or what is shown as text; None is nothing.
    **attributes
        ``class_`` is ``class``, and ``a_b`` is ``a-b``; True is an attribute without a value, None and False
        are none.
    """
    given = "".join(
        f" {_name(key)}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(parts: Iterable[object], between: str = "") -> Markup:
    """Parts behind one another; None is nothing."""
    return Markup(Markup(between).join(text(each) for each in parts if each is not None))


def data_table(
    header: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    caption: str,
    right: Iterable[int] = (),
    id: str | None = None,
) -> Markup:
    """A table that scrolls where it is too wide; columns `right` stand right, counted from 0."""
    sides = " ".join(f"r{place}" for place in right)
    head = tag("tr", *(tag("th", each, scope="col") for each in header))
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}' for cell in row)}\n" for row in rows)
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", head) if header else None,
            tag("tbody", Markup(body)),
            class_=sides or None,
            id=id,
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def pairs(found: Iterable[tuple[str, object]]) -> Markup:
    """Names with their values; those without a value are left out."""
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", value))
            for name, value in found
            if value is not None and value != ""
        ),
    )


def section(id: str, title: str, *children: object) -> Markup:
    """A part of the page; nothing where it has nothing to say."""
    inner = joined(children)
    return tag("section", tag("h2", title), inner, id=id) if inner else NOTHING


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
