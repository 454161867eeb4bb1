"""Network addresses as programs give them to the kernel."""

AF_INET, AF_INET6 = 2, 10


def beyond(address: bytes) -> str | None:
    """``HOST:PORT`` of a socket address beyond this machine; None for all others.

    Parameters
    ----------
    address
        A `sockaddr` as it lies in memory; too short a one is none.
    """
    family = int.from_bytes(address[:2], "little")
    port = int.from_bytes(address[2:4], "big")
    if family == AF_INET and len(address) >= 8:
        return _v4(address[4:8], port)
    if family == AF_INET6 and len(address) >= 24:
        host = address[8:24]
        if host[:12] == bytes(10) + b"\xff\xff":
            return _v4(host[12:], port)
        if host[:15] == bytes(15) and host[15] <= 1:
            return None  # unspecified, or loopback
        if host[0] == 0xFE and host[1] & 0xC0 == 0x80:
            return None  # link-local
        import _socket

        return f"[{_socket.inet_ntop(AF_INET6, host)}]:{port}"
    return None


def _v4(host: bytes, port: int) -> str | None:
    if host[0] == 127 or host == bytes(4) or host[:2] == b"\xa9\xfe":
        return None
    return f"{host[0]}.{host[1]}.{host[2]}.{host[3]}:{port}"
