"""Whether other threads of this process are at work: asked in a process that is known to have one."""

import subprocess
import sys

ASK = """
import threading
from ledger import threads
print(threads.others())
done = threading.Event()
other = threading.Thread(target=done.wait)
other.start()
print(threads.others())
done.set()
other.join()
"""


def test_another_thread_is_one() -> None:
    told = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True"]
