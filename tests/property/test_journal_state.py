"""A journal on disk behaves as a list, whatever is done to it that a crash could do."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.journal import merkle, state
from ledger.journal.local import LocalJournal
from ledger.journal.state import HeadRecord
from ledger.journal.tail import encode_frame
from ledger.model import Note, layout

TEXTS = st.text(max_size=40)


class JournalMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp(prefix="journal"))
        self.ledger = self.folder / ".ledger"
        self.journal = LocalJournal(self.ledger)
        self.model = []
        self.log = layout.log(self.ledger, self.journal.origin)

    def teardown(self):
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def tail(self):
        return layout.tail(self.log, self.first())

    def first(self):
        sealed = state.read_sealed(self.log)
        return sealed.frontier.size if sealed else 0

    def frame(self):
        """One more entry, the last one's."""
        last = self.model[-1]
        return encode_frame(len(self.model), last.id, last.body)

    @rule(text=TEXTS)
    def append(self, text):
        self.model.append(self.journal.append(Note(text=text, author="ann")))

    @rule(count=st.integers(2, 10))
    def append_many(self, count):
        for place in range(count):
            self.append(f"many {place}")

    @rule()
    def seal(self):
        self.journal.seal()

    @rule()
    def table(self):
        assert self.journal.table().column("leaf").to_pylist() == [each.id for each in self.model]

    @rule()
    def reopen(self):
        self.journal = LocalJournal(self.ledger)

    @rule(junk=st.binary(min_size=1, max_size=100))
    def a_writer_dies_midway(self, junk):
        """Bytes that are no frame, or the beginning of one, behind the last."""
        with open(self.tail(), "ab+") as file:
            file.seek(0)
            if self.model and self.frame() in file.read() + junk:
                return  # just what the one before did not come to write: a whole entry
            file.write(junk)

    @precondition(lambda self: self.model)
    @rule(cut=st.integers(1, 60))
    def a_writer_dies_within_a_frame(self, cut):
        with open(self.tail(), "ab") as file:
            file.write(self.frame()[:-cut])

    @rule()
    def a_writer_dies_before_head(self):
        """Of the entries in the tail, `head` tells nothing."""
        sealed = state.read_sealed(self.log) or state.SealedRecord()
        first = sealed.frontier.size
        state.write_head(self.log, HeadRecord(frontier=sealed.frontier, first=first, offset=0))

    @rule()
    def head_is_lost(self):
        """A power cut may tear it: it is never synced."""
        layout.log_head(self.log).write_bytes(b"torn")

    @rule()
    def a_seal_dies_before_it_counts(self):
        """It leaves a file without a name of its own, or a segment that `sealed` does not list."""
        (self.log / ".segment.0123").write_bytes(b"half")
        if state.read_sealed(self.log) is not None and len(self.model) > self.first():
            layout.segment(self.log, self.first(), len(self.model)).write_bytes(b"half")

    @rule()
    def the_index_is_lost(self):
        shutil.rmtree(layout.index(self.ledger), ignore_errors=True)

    @invariant()
    def it_is_the_list(self):
        if not hasattr(self, "model"):
            return
        assert list(self.journal.entries()) == self.model
        head = self.journal.head()
        assert head.size == len(self.model)
        if self.model:
            assert head.origins[0].root == merkle.root(each.id for each in self.model)

    @invariant()
    def verify_finds_nothing_but_a_torn_head(self):
        if hasattr(self, "model"):
            assert {each.what for each in self.journal.verify()} <= {"journal.head"}


JournalMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestJournal = JournalMachine.TestCase
