import shutil
import subprocess
from types import SimpleNamespace

import pytest

from ledger import workspace
from ledger.errors import MismatchError, NotFoundError, UsageError
from ledger.journal import kept_heads, state
from ledger.journal.local import LocalJournal
from ledger.journal.merkle import EMPTY
from ledger.journal.state import HeadRecord
from ledger.model import Digest, Head, Note, OriginHead, layout
from ledger.model.codec import digest_of
from ledger.model.frozen import replace
from ledger.ops import git_heads, pinned_heads, query
from ledger.ops.verify import verify


class Ledger:
    """A ledger in a git repository, with notes for entries."""

    def __init__(self, repository):
        self.repository = repository
        self.workspace = workspace.find_or_make(repository.path)[0]
        self.directory = self.workspace.directory

    def append(self, count=1):
        for place in range(count):
            self.workspace.journal.append(Note(experiment="x", text=f"note {place}", author="ann"))
        return self.workspace.journal.head()

    def report(self):
        found = workspace.find(self.repository.path)
        journal = found.journal
        return pinned_heads.checked(found, verify(journal, found.store, query.load(journal)))

    def findings(self):
        return [each.what for each in self.report().findings]

    def notices(self):
        return [each.what for each in self.report().notices]

    def log(self):
        return layout.log(self.directory, self.workspace.journal.origin)

    def saved(self, tmp_path):
        """The log as it is, to be put in its place later."""
        copy = tmp_path / "saved"
        shutil.copytree(self.log(), copy)
        return copy

    def roll_back(self, copy):
        """Put what was saved in the place of the log, as somebody would who wants the rest forgotten."""
        for path in self.log().iterdir():
            path.unlink()
        for path in copy.iterdir():
            shutil.copy(path, self.log() / path.name)

    def rewrite(self):
        """Put another log of as many entries in the place of the log, whole in itself."""
        size = self.workspace.journal.head().size
        for path in self.log().iterdir():
            path.unlink()
        layout.log_head(self.log()).write_bytes(state.encode_head(HeadRecord(EMPTY, 0, 0)))
        journal = LocalJournal(self.directory)
        for place in range(size):
            journal.append(Note(experiment="x", text=f"another note {place}", author="ann"))


@pytest.fixture
def ledger(git_repository):
    return Ledger(git_repository({"train.py": "print(1)\n"}))


@pytest.fixture
def key(make_key):
    return make_key()


def test_a_signed_head_is_kept_and_holds(ledger, key):
    ledger.append(2)
    signed = pinned_heads.sign(ledger.workspace, ledger.report(), key)
    assert signed.head == ledger.workspace.journal.head()
    assert pinned_heads.signed(ledger.workspace, signed.head) == signed
    assert ledger.report().ok
    ledger.append(300)
    ledger.workspace.journal.seal()
    assert (ledger.findings(), ledger.notices()) == ([], [])
    assert pinned_heads.signed(ledger.workspace, ledger.workspace.journal.head()).signatures == ()


def test_the_users_own_key_signs(ledger, ledger_environment, key):
    ledger.append()
    with pytest.raises(NotFoundError, match="no SSH key"):
        pinned_heads.sign(ledger.workspace, ledger.report())
    (ledger_environment / ".ssh").mkdir()
    shutil.copy(key, ledger_environment / ".ssh" / "id_ed25519")
    assert pinned_heads.sign(ledger.workspace, ledger.report()).signatures


def test_two_keys_sign_one_head(ledger, make_key):
    ledger.append()
    for name in ("old", "new", "old"):
        key = make_key(name) if not (path := ledger.repository.path.parent / "keys" / name).exists() else path
        pinned_heads.sign(ledger.workspace, ledger.report(), key)
    found = pinned_heads.signed(ledger.workspace, ledger.workspace.journal.head())
    assert len({each.key for each in found.signatures}) == 2
    assert ledger.report().ok


def test_nothing_is_signed_that_is_not_whole(ledger, key):
    with pytest.raises(UsageError, match="nothing to sign"):
        pinned_heads.sign(ledger.workspace, ledger.report(), key)
    ledger.append(2)
    (tail,) = ledger.log().glob("tail-*")
    content = bytearray(tail.read_bytes())
    content[-1] ^= 1
    tail.write_bytes(content)
    with pytest.raises(MismatchError, match="is not signed"):
        pinned_heads.sign(ledger.workspace, ledger.report(), key)
    assert kept_heads.digests(ledger.directory) == []


@pytest.mark.parametrize("pin", ["kept", "tag", "trailer"])
def test_a_log_that_was_rolled_back(ledger, tmp_path, pin):
    ledger.append(3)
    copy = ledger.saved(tmp_path)
    head = ledger.append(2)
    place(ledger, head, pin)
    assert ledger.report().ok
    ledger.roll_back(copy)
    (finding,) = ledger.report().findings
    (own,) = head.origins
    assert finding.what == "head.rolled-back"
    assert f"journal/{own.origin.hex()}@5" in finding.where
    assert finding.expected == f"5 entries with root {own.root}"
    assert finding.got == "3 entries"


@pytest.mark.parametrize("pin", ["kept", "tag", "trailer"])
def test_a_log_that_was_rewritten(ledger, pin):
    head = ledger.append(3)
    place(ledger, head, pin)
    ledger.rewrite()
    (finding,) = ledger.report().findings
    (own,), (now,) = head.origins, ledger.workspace.journal.head().origins
    assert finding.what == "head.rewritten"
    assert finding.expected == f"3 entries with root {own.root}"
    assert finding.got == f"root {now.root}"
    assert {"kept": "heads/", "tag": "git tag v1", "trailer": "commit "}[pin] in finding.where


def test_what_is_kept_of_the_tree_is_not_believed_there(ledger):
    from ledger.journal import tree

    head = ledger.append(3)
    place(ledger, head, "kept")
    with ledger.workspace.journal.tree(head.origins[0].origin) as found:
        assert found.roots([3]) == {3: head.origins[0].root}
    ledger.rewrite()
    tree.write_blocks(ledger.directory, head.origins[0].origin, [head.origins[0].root])
    assert ledger.findings() == ["head.rewritten"]


def test_a_log_that_is_gone(ledger):
    place(ledger, ledger.append(3), "kept")
    shutil.rmtree(ledger.log())
    (found,) = [each for each in ledger.report().findings if each.what == "head.rolled-back"]
    assert found.got == "nothing"


def test_a_log_of_which_leaves_are_lost_is_told_once(ledger):
    place(ledger, ledger.append(3), "kept")
    ledger.workspace.journal.seal()
    (path,) = ledger.log().glob("*.arrow")
    path.unlink()
    assert all(each.startswith("journal.") for each in ledger.findings())


def test_a_leaf_with_a_flipped_bit_is_damage_and_no_other_log(ledger):
    place(ledger, ledger.append(3), "kept")
    leaves = [bytes(each.id) for each in ledger.workspace.journal.entries()]
    ledger.workspace.journal.seal()
    (path,) = ledger.log().glob("*.arrow")
    content = bytearray(path.read_bytes())
    content[content.index(leaves[1]) + 3] ^= 1  # random bytes are not compressed, and stand there as they are
    path.write_bytes(content)
    found = ledger.findings()
    assert found
    assert all(each.startswith("journal.") for each in found)


def test_a_head_of_another_ledger_in_git_is_no_loss(ledger):
    ledger.append(2)
    elsewhere = Head(origins=(OriginHead(origin=bytes(16), size=7, root=Digest.of(b"root")),))
    git_heads.tag(ledger.repository.path, "theirs", elsewhere)
    assert (ledger.findings(), ledger.notices()) == ([], ["head.elsewhere"])
    # Once it was kept here, it was here.
    kept_heads.keep(ledger.directory, elsewhere)
    assert ledger.findings() == ["head.rolled-back"]


def test_a_split_view_is_named(ledger):
    head = ledger.append(2)
    (own,) = head.origins
    git_heads.tag(ledger.repository.path, "theirs", Head(origins=(replace(own, root=Digest.of(b"x")),)))
    (finding,) = ledger.report().findings
    assert finding.what == "head.rewritten"
    assert (finding.expected, finding.got) == (
        f"2 entries with root {Digest.of(b'x')}",
        f"root {own.root}",
    )


def test_a_trailer_whose_head_is_kept_nowhere(ledger):
    ledger.append()
    ledger.repository.commit(f"x\n\nLedger-Head: {Digest.of(b'gone')}")
    assert (ledger.findings(), ledger.notices()) == ([], ["head.unknown"])


def test_a_tag_that_was_edited(ledger):
    head = ledger.append()
    message = git_heads.text(head).replace(" 1 b3:", " 2 b3:")
    ledger.repository.git("tag", "-a", "-m", message, "v1")
    (finding,) = ledger.report().findings
    assert (finding.what, finding.where) == ("head.damaged", "git tag v1")
    assert str(digest_of(head)) in finding.got


def test_damage_of_what_is_kept(ledger, key):
    ledger.append()
    pinned_heads.sign(ledger.workspace, ledger.report(), key)
    folder = layout.heads(ledger.directory)
    (signature,) = folder.glob("*.sig")
    (head,) = (path for path in folder.iterdir() if path != signature)
    for path in (head, signature):
        path.chmod(0o644)
    text = signature.read_text()
    for damage in ("", text.replace("U1NI", "V1NI"), text.rstrip("\n")):
        signature.write_text(damage)
        assert ledger.findings() == ["head.signature"]
    signature.write_text(text)
    content = head.read_bytes()
    head.write_bytes(content + b"x")
    assert ledger.findings() == ["head.damaged"]
    head.unlink()
    assert ledger.findings() == ["head.missing"]
    head.write_bytes(content)
    assert ledger.report().ok


def test_without_ssh_keygen_signatures_are_not_checked_and_that_is_said(ledger, key, monkeypatch):
    ledger.append()
    pinned_heads.sign(ledger.workspace, ledger.report(), key)
    monkeypatch.setenv("PATH", "/nowhere")
    report = ledger.report()
    assert report.ok
    assert {each.what for each in report.notices} == {"head.unchecked"}
    assert any("ssh-keygen" in each.detail for each in report.notices)


def test_outside_of_git(tmp_path, ledger_environment):
    (tmp_path / "plain").mkdir()
    plain = Ledger(SimpleNamespace(path=tmp_path / "plain"))
    place(plain, plain.append(), "kept")
    assert plain.report().ok


def test_a_repository_that_git_cannot_read_is_said(ledger):
    ledger.append()
    (ledger.repository.path / ".git" / "HEAD").write_text("damaged")
    assert ledger.report().ok
    assert ledger.notices() == ["head.unchecked"]


def place(ledger, head, pin):
    """Pin a head in one of the ways; of the trailer, the head is kept, too, as the command does."""
    if pin == "kept":
        kept_heads.keep(ledger.directory, head)
    elif pin == "tag":
        git_heads.tag(ledger.repository.path, "v1", head)
    else:
        kept_heads.keep(ledger.directory, head)
        ledger.repository.commit(f"a result\n\n{git_heads.trailer(digest_of(head))}")


def test_tags_of_other_kinds_are_passed_over(ledger):
    ledger.append()
    ledger.repository.git("tag", "light")
    ledger.repository.git("tag", "-a", "-m", "a release\n\nwith text", "v0")
    assert (ledger.findings(), ledger.notices()) == ([], [])


def test_what_cannot_be_tagged(ledger, git_repository):
    head = ledger.append()
    path = ledger.repository.path
    git_heads.tag(path, "v1", head)
    shown = subprocess.run(
        ["git", "tag", "-n99", "-l", "v1"], cwd=path, capture_output=True, text=True, check=True
    )
    assert git_heads.trailer(digest_of(head)) in shown.stdout
    for name in ("v1", "a b", "-x", "x..y", ""):
        with pytest.raises(UsageError):
            git_heads.tag(path, name, head)
    with pytest.raises(NotFoundError, match="no commit"):
        git_heads.tag(git_repository(name="empty").path, "v1", head)


def test_a_message_of_many_heads_names_them_all():
    digests = [Digest.of(bytes([place])) for place in range(2)]
    message = "\n".join(map(git_heads.trailer, digests))
    assert [each.digest for each in git_heads.parse(message, "here")] == digests
    assert git_heads.parse("nothing", "here") == []
