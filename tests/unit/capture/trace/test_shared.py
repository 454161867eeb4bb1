"""The memory of the recorder and its guard."""

import os

from ledger.capture.trace.shared import LOG_BYTES, Shared


def test_the_kernel_writes_into_it_directly():
    """`fcntl.ioctl` has a buffer of 1024 bytes between for what is not larger."""
    assert len(Shared().notification) > 1024


def test_a_forked_process_sees_all_of_it(tmp_path):
    shared = Shared()
    process = os.fork()
    if process == 0:
        shared.notification[:8] = (77).to_bytes(8, "little")
        shared.beat()
        shared.receiving(True)
        shared.count_answer()
        shared.append(b"x" * 10)
        os._exit(0)
    os.waitpid(process, 0)
    assert shared.working_on == 77
    assert shared.progress == (77, 1)
    assert shared.is_receiving
    assert not shared.is_busy
    assert shared.answered == 1
    with open(tmp_path / "log", "wb") as file:
        shared.flush(file.fileno())
        shared.flush(file.fileno())
    assert (tmp_path / "log").read_bytes() == b"x" * 10


def test_it_is_full_at_some_time(tmp_path):
    shared = Shared()
    assert shared.append(b"x" * LOG_BYTES)
    assert not shared.append(b"y")
    with open(tmp_path / "log", "wb") as file:
        shared.flush(file.fileno())
    assert shared.append(b"y")
    assert (tmp_path / "log").stat().st_size == LOG_BYTES
