"""Signs of life: told by counts that change, and by one's own clock alone."""

import pytest

from ledger.errors import RemoteError
from ledger.model import Digest, layout
from ledger.ops import heartbeats
from ledger.remotes import forms, names
from ledger.remotes.directory import DirectoryTransport
from ledger.remotes.remote import made
from tests import shared

ORIGIN, TRIAL = bytes(range(16)), Digest.of(b"a trial elsewhere")


@pytest.fixture
def remote(tmp_path):
    return made(DirectoryTransport(tmp_path / "remote"))


@pytest.fixture
def clock(monkeypatch):
    """This machine's clock, and which run of the machine it is of."""
    now = ["one", 1000.0]
    monkeypatch.setattr(heartbeats, "_clock", lambda: tuple(now))

    def go(seconds, boot="one"):
        now[:] = boot, now[1] + seconds

    return go


@pytest.fixture
def ben(tmp_path, clock):
    return shared.Shared(tmp_path / "ben").workspace


@pytest.fixture
def beat(remote):
    def beat(count, every=30.0, origin=ORIGIN, trial=TRIAL):
        remote.transport.put(names.of_beat(origin, trial), forms.encode_beat(count, every))
        remote.transport.flush()

    return beat


def alive(ben, remote):
    """Whether its heart did not stop while we looked; None where nothing is known."""
    heartbeats.look(ben, remote)
    return known(ben, remote)


def known(ben, remote, trial=TRIAL):
    seen = heartbeats.seen(ben, remote.id).get(trial)
    return None if seen is None else not seen.silent


def test_a_count_that_stands_still_for_five_beats_is_no_sign_of_life(ben, remote, clock, beat):
    assert alive(ben, remote) is None
    beat(1)
    assert alive(ben, remote) is True
    clock(149)
    assert alive(ben, remote) is True
    assert heartbeats.silent(ben, remote.id) == {}
    clock(1)
    assert alive(ben, remote) is False
    assert heartbeats.silent(ben, remote.id) == {TRIAL: 150.0}


def test_one_that_goes_on_is_alive_again(ben, remote, clock, beat):
    beat(1)
    alive(ben, remote)
    clock(1000)
    assert alive(ben, remote) is False
    beat(2)
    assert alive(ben, remote) is True


def test_time_in_which_nobody_looked_tells_nothing(ben, remote, clock, beat):
    beat(1)
    alive(ben, remote)
    clock(100_000)
    assert known(ben, remote) is True
    beat(2)
    assert alive(ben, remote) is True


def test_a_clock_that_began_anew_tells_nothing(ben, remote, clock, beat):
    beat(1)
    alive(ben, remote)
    clock(1000, boot="two")
    assert alive(ben, remote) is True
    clock(200, boot="two")
    assert alive(ben, remote) is False


def test_how_often_it_beats_is_for_its_machine_to_say(ben, remote, clock, beat):
    beat(1, every=600.0)
    alive(ben, remote)
    clock(2999)
    assert alive(ben, remote) is True
    clock(1)
    assert alive(ben, remote) is False


def test_one_that_has_ended_is_forgotten(ben, remote, clock, beat):
    beat(1)
    alive(ben, remote)
    heartbeats.remove(remote, [names.of_beat(ORIGIN, TRIAL)])
    assert alive(ben, remote) is None
    heartbeats.remove(remote, [names.of_beat(ORIGIN, TRIAL)])  # it is gone, which was wanted


@pytest.mark.parametrize(
    "content", [b"", b"ledger heartbeat 2\n", b"ledger heartbeat 1\n1 nan\n", bytes(1000)]
)
def test_what_is_none_is_left_alone(ben, remote, clock, beat, content):
    remote.transport.put(names.of_beat(ORIGIN, TRIAL), content)
    remote.transport.put(f"heartbeats/{ORIGIN.hex()}/x", b"")
    remote.transport.flush()
    assert alive(ben, remote) is None
    beat(1, trial=Digest.of(b"another"))
    heartbeats.look(ben, remote)
    assert known(ben, remote, Digest.of(b"another")) is True


def test_notes_that_are_damaged_begin_anew(ben, remote, clock, beat):
    beat(1)
    alive(ben, remote)
    clock(1000)
    layout.remote_beats(ben.directory, remote.id).write_bytes(b"\xff torn")
    assert heartbeats.silent(ben, remote.id) == {}
    assert alive(ben, remote) is True


def test_ones_own_are_removed_where_nothing_runs(tmp_path, ben, remote, clock, beat):
    own = shared.Shared(tmp_path / "ben")
    trial = own.trial()
    beat(1, origin=own.origin, trial=trial)
    running = layout.spool(ben.directory) / "0123456789abcdef"
    running.mkdir(parents=True)
    heartbeats.look(ben, remote)
    assert [*remote.transport.listed(names.BEATS)]
    running.rmdir()
    heartbeats.look(ben, remote)
    assert not [*remote.transport.listed(names.BEATS)]
    assert heartbeats.silent(ben, remote.id) == {}


def test_a_remote_that_fails_is_an_error(ben, remote, clock, beat, monkeypatch):
    beat(1)

    def get(_name, _most):
        raise RemoteError("cannot be reached")

    monkeypatch.setattr(remote.transport, "get", get)
    with pytest.raises(RemoteError):
        heartbeats.look(ben, remote)
