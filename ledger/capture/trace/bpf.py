"""The filter: which system calls the kernel asks about. A classic BPF program, without loops or memory."""

import struct
from typing import Final

from ledger.capture.trace.abi import Machine

NOTIFY: Final = 0x7FC00000
ALLOW: Final = 0x7FFF0000

LOAD: Final = 0x20
JUMP: Final = 0x05
EQUAL: Final = 0x15
ANY_BIT: Final = 0x45
RETURN: Final = 0x06

_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16


def build(machine: Machine) -> bytes:
    """Assemble the filter for what a machine runs.

    Most calls end at the last instruction of a chain of comparisons; the kernel evaluates that once for each
    number and remembers it. An architecture that is not known is asked about at each call: slow, but seen.
    """
    by_arch: dict[int, list[bytes]] = {}
    for (arch, number), call in machine.calls.items():
        block = by_arch.setdefault(arch, [_one(LOAD, _NUMBER)])
        if call.only >= 0:
            block += [
                _one(EQUAL, number, 0, 4),
                _one(LOAD, _ARGUMENTS),
                _one(EQUAL, call.only, 0, 1),
                _one(RETURN, NOTIFY),
                _one(RETURN, ALLOW),
            ]
        elif call.some >= 0:
            block += [
                _one(EQUAL, number, 0, 4),
                _one(LOAD, _ARGUMENTS + 8 * call.some),
                _one(EQUAL, 0, 0, 1),
                _one(RETURN, ALLOW),
                _one(RETURN, NOTIFY),
            ]
        elif call.unless:
            block += [
                _one(EQUAL, number, 0, 4),
                _one(LOAD, _ARGUMENTS + 8 * call.flags),
                _one(ANY_BIT, call.unless, 0, 1),
                _one(RETURN, ALLOW),
                _one(RETURN, NOTIFY),
            ]
        else:
            block += [_one(EQUAL, number, 0, 1), _one(RETURN, NOTIFY)]
    program = [_one(LOAD, _ARCH)]
    for arch, block in by_arch.items():
        block.append(_one(RETURN, ALLOW))
        program += [_one(EQUAL, arch, 1, 0), _one(JUMP, len(block)), *block]
    program.append(_one(RETURN, NOTIFY))
    return b"".join(program)


def _one(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
