import io
from dataclasses import replace

import pytest

from ledger.errors import DamagedError, NotFoundError
from ledger.model import ArtifactRole, Digest, Manifest, ManifestEntry, Mode
from ledger.ops.content import find, find_object, stream


@pytest.fixture
def trial(maker):
    products = maker.put(maker.manifest({"old.bin": b"old", "train.py": b"not this"}))
    id = maker.trial(
        inputs={"data": b"in", "both": b"in", "/etc/abs": b"abs"},
        outputs={"model": b"weights", "both": b"out"},
        code={"train.py": b"code", "both": b"code", "data": b"code"},
        snapshot={"products": products},
    )
    return maker.trials.by_id[id]


@pytest.mark.parametrize(
    ("name", "part", "content"),
    [
        ("both", "outputs", b"out"),
        ("./model", "outputs", b"weights"),
        ("data", "inputs", b"in"),
        ("/etc/abs", "inputs", b"abs"),
        ("../../../etc/abs", "inputs", b"abs"),
        ("/home/ann/project/data", "inputs", b"in"),
        ("train.py", "code", b"code"),
        ("x/../train.py", "code", b"code"),
        ("old.bin", "products", b"old"),
        ("stdout", "stdout", b""),
    ],
)
def test_where_a_content_is_found(maker, trial, name, part, content):
    found = find(trial, name, maker.store)
    written = io.BytesIO()
    assert found.part == part
    assert stream(maker.store, found.digest, written.write) == len(content)
    assert written.getvalue() == content


def test_a_file_called_stdout_goes_before_the_stream(maker):
    id = maker.trial(outputs={"stdout": b"mine"})
    assert find(maker.trials.by_id[id], "stdout", maker.store).part == "outputs"


@pytest.mark.parametrize("name", ["modle", "trainpy", "stderr", "", "../model", "zzz", "/zz", "out/"])
def test_unknown_paths_come_with_the_nearest(maker, trial, name):
    with pytest.raises(NotFoundError) as caught:
        find(trial, name, maker.store)
    assert caught.value.hint == f"see its paths: ledger show {trial.id.short} --all"
    near = {"modle": "model", "trainpy": "train.py", "zzz": None}
    if name in near:
        assert near[name] == caught.value.cause or near[name] in caught.value.cause


def test_a_running_trial_has_no_streams_yet(maker):
    id, _ = maker.start()
    with pytest.raises(NotFoundError):
        find(maker.trials.by_id[id], "stdout", maker.store)


def test_contents_that_were_never_stored_say_why(maker, trial):
    (big,) = maker.artifacts(ArtifactRole.INPUT, {"big": b"12345"})
    gone = replace(big, path="gone", digest=None)
    others = (
        replace(big, path="key", digest=None, omitted="credentials"),
        replace(big, path="token", omitted="secret"),
        replace(big, path="busy", digest=None, omitted="changed"),
    )
    code = [
        ManifestEntry(path="c.bin", mode=Mode.FILE, size=3, digest=Digest.of(b"c"), omitted="size"),
        ManifestEntry(path="d", mode=Mode.DIRECTORY, size=0, digest=None),
    ]
    tree = maker.put(Manifest.of(code))
    trial = replace(
        trial, inputs=(replace(big, omitted="size"), gone, *others), code=(replace(trial.code[0], tree=tree),)
    )
    for name, cause, hint in (
        ("big", "of the inputs, 5 bytes: larger than what is stored", "max_input_bytes"),
        ("gone", "of the inputs, 5 bytes: it could not be read", "readable"),
        ("key", "of the inputs, 5 bytes: it looks like credentials", None),
        ("token", "of the inputs, 5 bytes: it holds a secret of the command", None),
        ("busy", "of the inputs, 5 bytes: it was changed before it could be read", "ledger run -i"),
        ("c.bin", "of the code, 3 bytes: larger than what is stored", "max_untracked_bytes"),
        ("d", "of the code, 0 bytes: a directory", None),
    ):
        with pytest.raises(NotFoundError) as caught:
            find(trial, name, maker.store)
        assert caught.value.cause == cause
        assert hint in caught.value.hint if hint else caught.value.hint is None


def test_objects_by_digest():
    digest = Digest.of(b"1")
    assert find_object(str(digest)).digest == digest
    assert find_object("b3:12") is None
    assert find_object("train.py") is None


def test_damage_shows_at_the_end(maker, trial):
    digest = Digest.of(b"weights")
    maker.damage(digest)
    written = io.BytesIO()
    with pytest.raises(DamagedError) as caught:
        stream(maker.store, digest, written.write)
    assert caught.value.exit_code == 4
    assert len(written.getvalue()) == 7
    maker.lose(digest)
    with pytest.raises(NotFoundError):
        stream(maker.store, digest, written.write)


def test_large_contents_are_passed_in_blocks(maker):
    content = bytes(range(256)) * 20_000
    digest = maker.store.put(content)
    maker.store.flush()
    blocks = []
    assert stream(maker.store, digest, blocks.append) == len(content)
    assert b"".join(blocks) == content
    assert max(map(len, blocks)) <= 1 << 20


def test_a_lock_file(maker, trial):
    (lock,) = maker.artifacts(ArtifactRole.INPUT, {"uv.lock": b"locked"})
    found = find(replace(trial, locks=(lock,)), "uv.lock", maker.store)
    assert (found.part, maker.store.get(found.digest)) == ("locks", b"locked")
