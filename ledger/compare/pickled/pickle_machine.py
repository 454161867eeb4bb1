"""Pickles as what they say: nothing that a pickle names is imported, made or called.

The opcodes are interpreted as `pickletools` documents them; where the real machine would look up a name, call
something or set a state, a value of `Global` or `Call` stands for it.
"""

import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from ledger.compare.base import Unfit
from ledger.compare.parts import Part, exactly, size_of

_OPCODES: Final = {each.code: each for each in pickletools.opcodes}
MOST_OPCODES: Final = 2_000_000
_MOST_VALUES: Final = 600_000
_MOST_TEXT: Final = 64 << 20
"""Bytes of text, and of short byte strings, that are held."""
_LONG: Final = 1 << 16
"""Byte strings from this length on are left in the file."""
_LONGEST_LINE: Final = 1 << 20
_LENGTHS: Final = {
    "BINSTRING": 4,
    "SHORT_BINSTRING": 1,
    "BINBYTES": 4,
    "SHORT_BINBYTES": 1,
    "BINBYTES8": 8,
    "BYTEARRAY8": 8,
    "SHORT_BINUNICODE": 1,
    "BINUNICODE": 4,
    "BINUNICODE8": 8,
    "LONG1": 1,
    "LONG4": 4,
}
_PUSHED: Final = ("INT", "BININT", "BININT1", "BININT2", "LONG", "FLOAT", "BINFLOAT", "STRING", "UNICODE")


class Global:
    """A name that the real machine would import."""

    __slots__ = ("name",)

    def __init__(self, module: object, name: object) -> None:
        self.name = f"{module}.{name}"


class Call:
    """What the real machine would get by calling something, and what it would do to it then."""

    __slots__ = ("args", "function", "items", "leaf", "pairs", "state")

    def __init__(self, function: object, args: object) -> None:
        self.function, self.args = function, args
        self.state: object = None
        self.items: list[object] = []
        self.pairs: Dict = Dict()
        self.leaf: object = None
        """An array that was read from behind it."""

    @property
    def name(self) -> str:
        """Of what would be called."""
        return self.function.name if isinstance(self.function, Global) else ""


class Persistent:
    """What lies outside of the pickle, by its id."""

    __slots__ = ("id",)

    def __init__(self, identity: object) -> None:
        self.id = identity


class Dict(list[tuple[object, object]]):
    """Keys and values."""


class Set(list[object]):
    """Members, in the order of the pickle."""


class Span:
    """A long byte string that is left in its file."""

    __slots__ = ("part", "size")

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self.part, self.size = Part(file, start, size), size


class _Lines:
    """A file in which no line is long."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self._readline = file.read, file.readline

    def readline(self) -> bytes:
        line = self._readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise Unfit("a line that is too long")
        return line


class Machine:
    """Reads one pickle from a file that can seek.

    Parameters
    ----------
    file
        At the beginning of the pickle; `load` leaves it behind its end.
    built
        Called after a state was given to a call; may read on from the file and set its leaf.
    """

    def __init__(self, file: BinaryIO, built: Callable[[Call, BinaryIO], None] | None = None) -> None:
        self._file, self._built = file, built
        self._lines: Any = _Lines(file)
        self._size = size_of(file)
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._text = 0
        self._values = 0

    def load(self) -> object:
        """What the pickle says.

        Raises
        ------
        Unfit
            If it is none, or longer than is looked at.
        """
        try:
            for _ in range(MOST_OPCODES):
                code = self._file.read(1)
                opcode = _OPCODES.get(code.decode("latin-1"))
                if opcode is None:
                    raise Unfit("no pickle" if code else "the pickle ends early")
                if opcode.name == "STOP":
                    return self._stack.pop()
                if opcode.name in _LENGTHS:
                    self._push(self._counted(opcode.name))
                else:
                    argument = opcode.arg.reader(self._lines) if opcode.arg else None
                    self._do(opcode.name, argument)
        except (
            ValueError,
            IndexError,
            TypeError,
            AttributeError,
            KeyError,
            EOFError,
            OverflowError,
        ) as error:
            raise Unfit(f"no pickle: {type(error).__name__}") from None
        raise Unfit(f"a pickle of more than {MOST_OPCODES} steps")

    def _push(self, value: object) -> None:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise Unfit(f"a pickle of more than {_MOST_VALUES} values")
        self._stack.append(value)

    def _counted(self, name: str) -> object:
        count = int.from_bytes(exactly(self._file, _LENGTHS[name], 8, "a length"), "little")
        if "BYTE" in name and count >= _LONG:
            start = self._file.tell()
            if start + count > self._size:
                raise Unfit("the pickle ends early")
            self._file.seek(start + count)
            return Span(self._file, start, count)
        self._text += count
        content = exactly(self._file, count, _MOST_TEXT - self._text + count, "text of the pickle")
        if "UNICODE" in name:
            return content.decode("utf-8", "surrogatepass")
        if "LONG" in name:
            if count > 4096:
                raise Unfit(f"a whole number of {count} bytes")
            return int.from_bytes(content, "little", signed=True)
        return content.decode("latin-1") if "STRING" in name else content

    def _marked(self) -> list[Any]:
        """What lies on the last mark."""
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _do(self, name: str, argument: Any) -> None:
        if name in _PUSHED:
            self._text += len(argument) if isinstance(argument, str) else 8
            if self._text > _MOST_TEXT:
                raise Unfit("more text than is looked at")
            self._push(argument)
        elif name.endswith("PUT") or name == "MEMOIZE":
            self._memo[len(self._memo) if argument is None else argument] = self._stack[-1]
        elif name.endswith("GET"):
            self._stack.append(self._memo[argument])
        elif name in ("PROTO", "FRAME", "READONLY_BUFFER"):
            pass
        elif name in _CONSTANTS:
            self._push(_CONSTANTS[name]())
        elif name == "MARK":
            self._marks.append(self._stack)
            self._stack = []
        elif name in ("POP", "POP_MARK"):
            if name == "POP_MARK" or not self._stack:
                self._marked()
            else:
                self._stack.pop()
        elif name == "DUP":
            self._stack.append(self._stack[-1])
        elif name.startswith("TUPLE"):
            count = int(name[5:] or -1)
            items = self._marked() if count < 0 else [self._stack.pop() for _ in range(count)][::-1]
            self._push(tuple(items))
        elif name in ("LIST", "DICT", "FROZENSET"):
            items = self._marked()
            self._push(Set(items) if name == "FROZENSET" else items if name == "LIST" else _pairs(items))
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            items = [self._stack.pop()] if name == "APPEND" else self._marked()
            top = self._stack[-1]
            if isinstance(top, Dict):
                raise Unfit("no pickle: a member without a key in a map")
            (top.items if isinstance(top, Call) else _only(top, list)).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = [self._stack.pop(), self._stack.pop()][::-1] if name == "SETITEM" else self._marked()
            top = self._stack[-1]
            (top.pairs if isinstance(top, Call) else _only(top, Dict)).extend(_pairs(items))
        else:
            self._make(name, argument)

    def _make(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name == "GLOBAL":
            self._push(Global(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            last, first = stack.pop(), stack.pop()
            self._push(Global(_only(first, str), _only(last, str)))
        elif name.startswith("EXT"):
            self._push(Global("extension", argument))
        elif name in ("PERSID", "BINPERSID"):
            self._push(Persistent(argument if name == "PERSID" else stack.pop()))
        elif name in ("REDUCE", "NEWOBJ"):
            args = stack.pop()
            self._push(Call(stack.pop(), args))
        elif name == "NEWOBJ_EX":
            keywords, args = stack.pop(), stack.pop()
            self._push(Call(stack.pop(), (args, keywords)))
        elif name in ("INST", "OBJ"):
            items = self._marked()
            function = Global(*argument.split(" ", 1)) if name == "INST" else items.pop(0)
            self._push(Call(function, tuple(items)))
        elif name == "BUILD":
            state = stack.pop()
            top = _only(stack[-1], Call)
            top.state = state if top.state is None else (top.state, state)
            if self._built:
                self._built(top, self._file)
        else:
            raise Unfit(f"a pickle with {name}")


_CONSTANTS: Final[dict[str, Callable[[], object]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": Dict,
    "EMPTY_SET": Set,
    "EMPTY_TUPLE": tuple,
}


def _only(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise Unfit(f"no pickle: {type(value).__name__} where {kind.__name__} must be")
    return value


def _pairs(items: list[Any]) -> Dict:
    return Dict(zip(items[::2], items[1::2], strict=True))
