"""What must hold between parameters: the text of a constraint → a question about values.

::

    constraint = all { "or" all }
    all        = one { "and" one }
    one        = "not" one | compared
    compared   = sum [ ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum
                     | [ "not" ] "in" "(" sum { "," sum } ")"
                     | "is" [ "not" ] "null" ]
    sum        = product { ( "+" | "-" ) product }
    product    = signed { ( "*" | "/" ) signed }
    signed     = "-" signed | NUMBER | "true" | "false" | text in quotes | NAME | "(" constraint ")"

A filter compares a name with a value; here terms are compared, so ``- / *`` part names, and a name that holds
one stands in backquotes. A word that names no parameter is text. What involves a parameter without a value is
neither true nor false (Kleene), and only what is false forbids a point. What cannot be computed, such as a
division by zero, is false.
"""

import re
from collections.abc import Callable, Mapping
from operator import add, mul, sub, truediv
from typing import Any, Final

from ledger.model import Value
from ledger.model.filter_syntax import Operator, bare, mistake
from ledger.model.frozen import frozen
from ledger.model.space import Domain
from ledger.tune.space.conditions import ORDER, Question, Ranks, is_number, joined, negated, ranks, same
from ledger.tune.space.constraint_tokens import Cursor
from ledger.tune.space.near import nearest
from ledger.tune.space.terms import FailedError, Term, computed, constant, held, parameter, ranked, text

_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {"+": add, "-": sub, "*": mul, "/": truediv}
_COMPARISONS: Final = {"=", "==", "!=", "<", "<=", ">", ">="}


@frozen
class _Asked:
    """What holds or does not."""

    text: str
    ask: Question
    level: int
    """0 for ``or``, 1 for ``and``, 2 for what is compared."""
    position: int


@frozen
class Constraint:
    """A constraint that was read."""

    text: str
    """In its one form."""
    ask: Question
    """Told values by name: False where they are forbidden, None where that cannot be said."""
    names: tuple[str, ...]
    """The parameters of which it speaks."""


def read(source: str, domains: Mapping[str, Domain]) -> Constraint:
    """Read a constraint.

    Parameters
    ----------
    source
        Its text.
    domains
        Of all parameters, by name.

    Raises
    ------
    UsageError
        If it does not parse, names what is not there, or computes with what is no number; the cause points
        at the place.
    """
    return _Parser(source, domains).whole()


class _Parser(Cursor):
    """Recursive descent; each method reads one rule of the grammar."""

    def __init__(self, source: str, domains: Mapping[str, Domain]) -> None:
        super().__init__(source)
        self.domains = domains
        self.names: dict[str, None] = {}

    def whole(self) -> Constraint:
        if self.next.kind == "end":
            raise mistake(self.source, 0, "it is empty", "such as: units2 <= units1")
        found = self._asked(self._either())
        if self.next.kind == "mark" and self.next.text in _COMPARISONS:
            what = "a comparison of two, and then a third"
            raise mistake(self.source, self.next.position, what, "one after the other: a < b and b < c")
        if self.next.kind != "end":
            self.expected("and, or, or the end")
        if not self.names:
            raise mistake(self.source, 0, "it names no parameter")
        return Constraint(text=found.text, ask=_safe(found.ask), names=tuple(self.names))

    def _either(self) -> _Asked | Term:
        return self._joined("or", self._both, 0)

    def _both(self) -> _Asked | Term:
        return self._joined("and", self._one, 1)

    def _joined(self, word: str, inner: Callable[[], _Asked | Term], level: int) -> _Asked | Term:
        first = inner()
        if not self.ahead(word):
            return first
        parts = [self._asked(first)]
        while self.take(word):
            parts.append(self._asked(inner()))
        shown = f" {word} ".join(f"({each.text})" if each.level < level else each.text for each in parts)
        ask = joined([each.ask for each in parts], level == 0)
        return _Asked(text=shown, ask=ask, level=level, position=parts[0].position)

    def _one(self) -> _Asked | Term:
        position = self.next.position
        with self.deeper():
            if not self.take("not"):
                return self._compared()
            part = self._asked(self._one())
        shown = f"not ({part.text})" if part.level < 2 else f"not {part.text}"
        return _Asked(text=shown, ask=negated(part.ask), level=2, position=position)

    def _compared(self) -> _Asked | Term:
        left = self._sum()
        mark = self.next
        if mark.kind == "mark" and mark.text in _COMPARISONS:
            self.place += 1
            operator = Operator("=" if mark.text == "==" else mark.text)
            return self._comparison(self._term(left), operator, self._term(self._sum()))
        if self.take("is"):
            turned = self.take("not")
            if not self.take("null"):
                self.expected("null")
            return self._null(self._term(left), turned)
        turned = self.take("not")
        if self.take("in"):
            return self._membership(self._term(left), turned)
        if turned:
            self.expected("in")
        return left

    def _comparison(self, left: Term, operator: Operator, right: Term) -> _Asked:
        left, right = self._word_beside(left, right), self._word_beside(right, left)
        one, other = left.read, right.read
        if operator in ORDER:
            compare = ORDER[operator]
            places = self._order(left, right)
            if places is not None:
                one, other = ranked(one, places), ranked(other, places)
        else:
            compare = same if operator is Operator.EQUAL else lambda a, b: not same(a, b)

        def ask(values: Mapping[str, Value]) -> bool | None:
            first, second = one(values), other(values)
            return None if first is None or second is None else compare(first, second)

        shown = f"{left.text} {operator} {right.text}"
        return _Asked(text=shown, ask=ask, level=2, position=left.position)

    def _order(self, left: Term, right: Term) -> Ranks | None:
        """The places of an ordinal's texts; None where numbers are compared."""
        if left.number and right.number:
            return None
        for term in (left, right):
            places = ranks(term.domain)
            if places is not None:
                return places
        term = right if left.number else left
        raise mistake(
            self.source,
            term.position,
            f"{term.text} has no order",
            f"define it in order: {term.text}=ordinal(…)" if term.domain else None,
        )

    def _membership(self, left: Term, turned: bool) -> _Asked:
        self.need("(")
        terms = [self._word_beside(self._term(self._sum()), left)]
        while self.take_mark(","):
            terms.append(self._word_beside(self._term(self._sum()), left))
        self.need(")")
        left = self._word_beside(left, terms[0])

        def ask(values: Mapping[str, Value]) -> bool | None:
            value, found = left.read(values), [each.read(values) for each in terms]
            if value is None:
                return None
            return any(same(value, each) for each in found) or (None if None in found else False)

        listed = ", ".join(each.text for each in terms)
        shown = f"{left.text} {'not ' if turned else ''}in ({listed})"
        return _Asked(text=shown, ask=negated(ask) if turned else ask, level=2, position=left.position)

    def _null(self, term: Term, turned: bool) -> _Asked:
        self._known(term)
        shown = f"{term.text} is {'not ' if turned else ''}null"
        read = term.read
        return _Asked(
            text=shown,
            ask=lambda values: (read(values) is None) is not turned,
            level=2,
            position=term.position,
        )

    def _sum(self) -> _Asked | Term:
        return self._chain("+-", self._product, 1)

    def _product(self) -> _Asked | Term:
        return self._chain("*/", self._signed, 2)

    def _chain(self, marks: str, inner: Callable[[], _Asked | Term], level: int) -> _Asked | Term:
        left = inner()
        while self.next.kind == "mark" and self.next.text in marks:
            mark = self.next.text
            self.place += 1
            one, other = self._number(self._term(left)), self._number(self._term(inner()))
            shown = f"{held(one, level)} {mark} {held(other, level + 1)}"
            read = computed(_ARITHMETIC[mark], one.read, other.read)
            left = Term(text=shown, read=read, number=True, position=one.position, level=level)
        return left

    def _signed(self) -> _Asked | Term:
        with self.deeper():
            position = self.next.position
            if self.take_mark("-"):
                term = self._number(self._term(self._signed()))
                read = computed(sub, lambda _: 0, term.read)
                return Term(text=f"-{held(term, 3)}", read=read, number=True, position=position)
            if self.take_mark("("):
                inner = self._either()
                self.need(")")
                return inner
            return self._atom()

    def _atom(self) -> Term:
        token = self.next
        self.place += 1
        position = token.position
        if token.kind == "number":
            value = bare(token.text)
            return constant(value, position) if is_number(value) else self.expected("a number")
        if token.kind == "keyword" and token.text in ("true", "false"):
            return constant(token.text == "true", position)
        if token.kind == "text":
            return text(token.text[1:-1].replace(token.text[0] * 2, token.text[0]), position)
        if token.kind not in ("word", "quoted"):
            self.place -= 1
            self.expected("a name or a number")
        name = token.text[1:-1].replace("``", "`") if token.kind == "quoted" else token.text
        if name in self.domains:
            self.names.setdefault(name)
        return parameter(name, self.domains.get(name), position)

    def _number(self, term: Term) -> Term:
        self._known(term)
        if not term.number:
            kind = f", it is {term.domain.type.value}" if term.domain else ""
            hint = f"define it in order: {term.text}=ordinal(…)" if term.domain else None
            raise mistake(self.source, term.position, f"{term.text} is no number{kind}", hint)
        return term

    def _word_beside(self, term: Term, other: Term) -> Term:
        """A word that is a choice of the parameter beside it is that text; any other must be known."""
        if term.unknown is None:
            return term
        if other.domain is None or term.unknown not in other.domain.choices:
            self._known(term, other.domain)
        return text(term.unknown, term.position)

    def _known(self, term: Term, beside: Domain | None = None) -> None:
        if term.unknown is None:
            return
        texts = [each for each in (beside.choices if beside else ()) if isinstance(each, str)]
        what = f"{term.unknown} is neither in the space nor a value of what it is compared with"
        if not texts:
            what = f"{term.unknown} is not in the space"
        raise mistake(self.source, term.position, what, self._meant(term, texts))

    def _meant(self, term: Term, texts: list[str]) -> str:
        rest = self.source[term.position :]
        for name in self.domains:
            if rest.startswith(name) and re.search(r"[-/]", name):
                return f"quote a name that holds - or /: `{name}`"
        return nearest(term.unknown or "", [*texts, *self.domains])

    def _asked(self, found: _Asked | Term) -> _Asked:
        if isinstance(found, _Asked):
            return found
        self._known(found)
        what = f"{found.text} is compared with nothing"
        raise mistake(self.source, found.position, what, f"such as: {found.text} <= 1")

    def _term(self, found: _Asked | Term) -> Term:
        if isinstance(found, Term):
            return found
        raise mistake(self.source, found.position, f"{found.text} is no number", "join with: and, or")


def _safe(ask: Question) -> Question:
    """What cannot be computed does not hold."""

    def safe(values: Mapping[str, Value]) -> bool | None:
        try:
            return ask(values)
        except FailedError:
            return False

    return safe
