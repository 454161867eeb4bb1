"""Bytes of event files, made by hand from the formats' descriptions."""

import struct


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def part(number, content):
    """A field of bytes."""
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def integer(number, value):
    return varint(number << 3) + varint(value)


def float32(number, value):
    return varint(number << 3 | 5) + struct.pack("<f", value)


def float64(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


def crc32c(data):
    """Bit by bit, as RFC 3720 has it."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def masked(data):
    state = crc32c(data)
    return struct.pack("<I", ((state >> 15 | state << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def frame(payload):
    length = struct.pack("<Q", len(payload))
    return length + masked(length) + payload + masked(payload)


def event(*values, step=0, time=1.7e9):
    summary = b"".join(part(1, each) for each in values)
    return float64(1, time) + (integer(2, step) if step else b"") + (part(5, summary) if values else b"")


def plugin(name, content=b""):
    return part(9, part(1, part(1, name) + (part(2, content) if content else b"")))


def scalar(tag, value):
    return part(1, tag) + float32(2, value)


def tensor(tag, kind, content, shape=b"", plugin_name="scalars"):
    body = integer(1, kind) + part(2, shape) + content
    return part(1, tag) + part(8, body) + (plugin(plugin_name) if plugin_name else b"")


def version():
    return float64(1, 1.7e9) + part(3, "brain.Event:2")
