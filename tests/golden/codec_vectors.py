"""The test vectors of the canonical bytes in ``schemas/vectors/``: written anew, or held against the code.

python -m tests.golden.codec_vectors            write them
python -m tests.golden.codec_vectors --check    exit 1 if one differs
"""

import json
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import cbor2  # noqa: E402
from blake3 import blake3  # noqa: E402

from ledger import model as m  # noqa: E402
from ledger.errors import FormatError  # noqa: E402
from ledger.model import codec  # noqa: E402
from ledger.model.jsonform import to_json  # noqa: E402

FILE = ROOT / "schemas" / "vectors" / "codec.json"
TIME = 1_700_000_000_000_000_000


def digest(text):
    return m.Digest.of(text.encode())


VALUES = {
    "nothing": None,
    "booleans": [False, True],
    "integers": [0, 23, 24, 255, 256, 65535, 65536, -1, -24, -25],
    "integers at the ends of 64 bits": [2**63 - 1, 2**63, 2**64 - 1, -(2**63), -(2**64)],
    "integers beyond 64 bits": [2**64, -(2**64) - 1, 10**30],
    "numbers in the shortest form that keeps them": [
        0.0,
        -0.0,
        1.0,
        1.5,
        0.1,
        65504.0,
        65505.0,
        1e300,
        5e-324,
    ],
    "numbers that are not finite": [math.nan, math.inf, -math.inf],
    "text": ["", "a", "größe", "日本", "😀", "a\0b"],
    "text that is no UTF-8, as bytes": ["caf\udce9", "\udcff\udcfe/é"],
    "surrogate escapes that together are UTF-8, as text": ["\udcc3\udca9"],
    "maps, shorter keys first and then by their bytes": {"b": 1, "a": 2, "aa": 3, "é": 4, "B": 5, "": 6},
    "arrays in arrays": [[], [[]], [1, [2, [3]]]],
}

INTERPRETER = m.Interpreter(
    executable="/home/ann/p/.venv/bin/python", base="/usr/bin/python3.11", version="3.11.7", has_ledger=False
)
CODE = m.CodeSnapshot(
    name=".",
    tree=digest("tree"),
    products=digest("products"),
    commit="0123456789abcdef0123456789abcdef01234567",
    branch="main",
    remote="https://example.org/ann/p.git",
    dirty=True,
    nested=(m.NestedRepository(path="lib/x", commit=None, remote=None, dirty=True),),
    paths=("src",),
)
BARE_CODE = m.CodeSnapshot(name="helper", tree=digest("tree"))
RATE = m.Hyperparameter(
    name="lr",
    value=0.1,
    type=m.HyperparameterType.REAL,
    role=m.HyperparameterRole.ALGORITHM,
    source="argument",
)
LAYERS = m.Hyperparameter(
    name="layers",
    value=(64, "wide", (None, True)),
    type=m.HyperparameterType.CATEGORICAL,
    source="file:c.yaml",
)
DATA = m.Artifact(
    role=m.ArtifactRole.INPUT,
    path="data/caf\udce9 1.csv",
    digest=digest("data"),
    size=4,
    mode=m.Mode.FILE,
    media_type="text/csv",
)
HUGE = m.Artifact(
    role=m.ArtifactRole.OUTPUT,
    path="huge.bin",
    digest=None,
    size=2**40,
    mode=m.Mode.EXECUTABLE,
    media_type="application/octet-stream",
    omitted="unreadable",
)
INTENT = m.Intent(
    argv=("python", "train.py", "--lr", "0.1", "caf\udce9", "secret:TOKEN"),
    directory=".",
    stdin="terminal",
    code=((".", digest("tree")), ("helper", digest("tree"))),
    environment=digest("environment"),
    seed=7,
    parameters=(("depth", 3), ("lr", 0.1), ("names", ("a", "b"))),
    inputs=(("data/x.csv", digest("x")), ("gone.csv", None)),
)
OBSERVED = m.Observed(
    affinity=2,
    interpreters=(INTERPRETER,),
    threads=(m.ThreadPool(library="libopenblas.so.0", api="openblas", threads=2, version="0.3.27"),),
    libraries=("libgomp.so.1",),
    seeded=(m.SeededGenerator(generator="numpy", value="7", enforced=True, where=None),),
    entropy=(m.Entropy(generator="random", where="train.py:3"),),
    variables=(("CUDA_VISIBLE_DEVICES", "0"),),
    processes=1,
)
OUTCOME = m.Outcome(
    status=m.Status.OK,
    exit_code=0,
    outputs=(HUGE,),
    metrics=(
        m.MetricSummary(name="loss", last=0.5, min=-0.0, max=1.0, count=3),
        m.MetricSummary(name="nan", last=math.nan, min=math.nan, max=math.nan, count=1),
    ),
    series=digest("series"),
    stdout=m.Stream(digest=digest("out"), size=3),
    started=TIME,
    duration_s=1.25,
    cpu_user_s=1.0,
    cpu_system_s=0.0,
    peak_memory=123_456_789,
)
KILLED = m.Outcome(
    status=m.Status.KILLED,
    exit_code=137,
    signal=9,
    started=TIME,
    duration_s=0.1,
    cpu_user_s=0.0,
    cpu_system_s=0.0,
    peak_memory=0,
)
HEALTH = (
    m.HealthLine(part="code", state=m.HealthState.COMPLETE),
    m.HealthLine(part="environment", state=m.HealthState.PARTIAL, reason="no metadata of 2 distributions"),
)
ORIGIN_HEAD = m.OriginHead(origin=bytes(range(16)), size=3, root=digest("root"))

NOUNS = {
    "an empty tree": m.Manifest(entries=()),
    "a tree": m.Manifest.of(
        [
            m.ManifestEntry(path="train.py", mode=m.Mode.FILE, size=5, digest=digest("train")),
            m.ManifestEntry(path="run.sh", mode=m.Mode.EXECUTABLE, size=3, digest=digest("run")),
            m.ManifestEntry(path="link", mode=m.Mode.LINK, size=8, digest=digest("train.py")),
            m.ManifestEntry(path="empty", mode=m.Mode.DIRECTORY, size=0, digest=None),
            m.ManifestEntry(path="caf\udce9\n", mode=m.Mode.FILE, size=0, digest=digest("")),
            m.ManifestEntry(path=".env", mode=m.Mode.FILE, size=9, digest=None, omitted="credentials"),
            m.ManifestEntry(path="src/größe.py", mode=m.Mode.FILE, size=0, digest=digest("")),
        ]
    ),
    "code in git": CODE,
    "code without git": BARE_CODE,
    "an environment": m.Environment(
        python="3.11.7",
        implementation="cpython",
        platform="linux-x86_64 glibc-2.36",
        distributions=(
            m.Distribution(name="mine", version="0", origin="editable", record=None),
            m.Distribution(name="numpy", version="2.4.6", origin="index", record=digest("numpy")),
        ),
        variables=(("OMP_NUM_THREADS", "1"), ("PATH", "{root}/bin:\udcff"), ("TOKEN", "secret:TOKEN")),
    ),
    "an environment without Python": m.Environment(
        python=None, implementation=None, platform="linux-x86_64", distributions=(), variables=()
    ),
    "a host": m.Host(
        hostname="box",
        machine="x86_64",
        system="Linux 6.1.0",
        cpu="Some CPU",
        cpu_flags=("avx", "avx2"),
        cpus=8,
        memory=2**34,
        gpus=(m.Gpu(name="Some GPU", uuid=None),),
        driver=None,
        user="ann",
        container=None,
    ),
    "a hyperparameter": RATE,
    "a hyperparameter without a role": LAYERS,
    "an input": DATA,
    "an output that could not be read": HUGE,
    "an intent": INTENT,
    "a recipe": m.Recipe(intent=digest("intent"), inputs=(("data/x.csv", digest("x")),), complete=False),
    "what was observed": OBSERVED,
    "an outcome": OUTCOME,
    "an outcome of a signal": KILLED,
    "a head": m.Head(origins=(ORIGIN_HEAD,)),
    "an empty head": m.Head(origins=()),
}

PAYLOADS = {
    "a trial starts": m.TrialStarted(
        name="baseline",
        experiment="mlp",
        message="größer",
        tags=("paper",),
        parent=digest("parent"),
        root="/home/ann/p",
        intent=INTENT,
        code=(CODE, BARE_CODE),
        environment=digest("environment"),
        interpreter=INTERPRETER,
        host=digest("host"),
        hyperparameters=(RATE,),
        inputs=(DATA,),
        spool="0123456789abcdef",
        health=HEALTH,
    ),
    "a trial goes on from another one": m.TrialStarted(
        proposal=digest("proposal"),
        continues=digest("stopped"),
        root="/r",
        intent=INTENT,
        code=(),
        environment=digest("environment"),
        interpreter=None,
        host=digest("host"),
        hyperparameters=(),
        inputs=(DATA,),
        spool="9",
        health=(),
    ),
    "a trial starts, as little as there can be": m.TrialStarted(
        root="/r",
        intent=INTENT,
        code=(),
        environment=digest("environment"),
        interpreter=None,
        host=digest("host"),
        hyperparameters=(),
        inputs=(),
        spool="",
        health=(),
    ),
    "a trial has ended": m.TrialFinished(
        trial=digest("trial"),
        recipe=digest("recipe"),
        recipe_complete=True,
        hyperparameters=(RATE, LAYERS),
        inputs=(DATA,),
        observed=OBSERVED,
        outcome=OUTCOME,
        health=HEALTH,
    ),
    "a trial is lost": m.TrialLost(
        trial=digest("trial"),
        reason="its recorder died",
        hyperparameters=(),
        observed=m.Observed(affinity=1),
        outcome=KILLED,
        health=(),
    ),
    "a trial was made again": m.TrialReplayed(
        trial=digest("trial"),
        verdict=m.Verdict.DIVERGED,
        differences=(
            m.Difference(part="metrics", path="loss", expected=0.5, got="NaN", detail="1 of 3 points"),
            m.Difference(part="streams", path="stdout", expected=None, got=3, counted=False),
        ),
        causes=(m.Cause(cause="another CPU", evidence="avx512 is missing", hint="use one like it"),),
        mode="recreate",
        rtol=0.0,
        atol=1e-08,
        strict=False,
        environment=digest("environment"),
        host=digest("host"),
        observed=OBSERVED,
        outcome=OUTCOME,
        allowances=(digest("allowance"),),
    ),
    "nothing ran": m.TrialReplayed(
        trial=digest("trial"),
        verdict=m.Verdict.INCOMPARABLE,
        differences=(),
        causes=(),
        mode="current",
        rtol=0.0,
        atol=0.0,
        strict=True,
        environment=None,
        host=digest("host"),
        observed=None,
        outcome=None,
    ),
    "a trial was made again under another condition": m.TrialReplayed(
        trial=digest("trial"),
        verdict=m.Verdict.IDENTICAL,
        differences=(),
        causes=(),
        mode="recreate",
        rtol=0.0,
        atol=0.0,
        strict=False,
        environment=digest("environment"),
        host=digest("host"),
        observed=None,
        outcome=OUTCOME,
        varied=("hashseed: random → 0", "threads: 2 → 1"),
    ),
    "a metric may vary": m.Allowance(
        trial=digest("trial"),
        experiment="mlp",
        part="metrics",
        path="loss",
        rtol=1e-06,
        atol=0.0,
        replays=(digest("replay"), digest("another replay")),
    ),
    "lines may vary": m.Allowance(
        trial=digest("trial"),
        experiment=None,
        part="streams",
        path="stdout",
        rtol=0.0,
        atol=0.0,
        masks=(r"took\ (.+?)",),
        replays=(digest("replay"),),
    ),
    "an experiment begins": m.ExperimentCreated(
        name="mlp", definition={"seed": 1, "space": {"lr": ["log", 1e-05, 0.1]}, "objective": None}
    ),
    "a proposal": m.TrialProposed(
        experiment="mlp",
        search=digest("experiment"),
        number=3,
        values=(("lr", 0.001), ("opt", "adam")),
        point=(0.5, 0.75, None),
        head=m.Head(origins=(ORIGIN_HEAD,)),
        source=m.ProposalSource.SAMPLER,
    ),
    "an earlier trial is adopted": m.TrialProposed(
        experiment="mlp",
        search=digest("experiment"),
        number=0,
        values=(("layers", 2),),
        point=(0.25,),
        head=m.Head(origins=()),
        source=m.ProposalSource.EARLIER,
        adopted=digest("trial"),
    ),
    "a report at a rung": m.TrialReported(trial=digest("trial"), rung=9, step=10, value=0.25),
    "a report that is no number": m.TrialReported(trial=digest("trial"), rung=1, step=1, value=float("nan")),
    "a trial is stopped": m.TrialDecided(
        trial=digest("trial"), rung=9, stop=True, head=m.Head(origins=(ORIGIN_HEAD,))
    ),
    "one more seed for a configuration": m.TrialProposed(
        experiment="mlp",
        search=digest("experiment"),
        number=12,
        values=(("lr", 0.001), ("opt", "adam")),
        point=(0.5, 0.75, None),
        head=m.Head(origins=(ORIGIN_HEAD,)),
        source=m.ProposalSource.REPEAT,
        seed=1234567890,
    ),
    "a note": m.Note(trial=digest("trial"), text="**good**", author="ann"),
    "a corrected note on an experiment": m.Note(
        experiment="mlp", text="bad", author="ann", replaces=digest("note")
    ),
    "a note on a step of a metric": m.Note(
        trial=digest("trial"), metric="loss", step=-200, text="a spike", author="ann"
    ),
    "a signed note on the diff of two trials": m.Note(
        trial=digest("trial"),
        against=(digest("parent"),),
        text="only the seed",
        author="ann",
        key="SHA256:Vw1Sm0Rz0ZtQ8u9D0b2m4yJmJ2ZVq9dQ0Qm2k1o2c3A",
        signature="-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
    ),
    "a note on the diff of three experiments is taken back": m.Note(
        experiment="mlp",
        against_experiments=("cnn", "svm"),
        text="",
        author="ann",
        replaces=digest("note"),
        removed=True,
    ),
    "a tag": m.Tag(trial=digest("trial"), name="paper"),
    "a tag is taken off": m.Tag(trial=digest("trial"), name="paper", removed=True),
    "a tombstone": m.Tombstone(target=digest("trial"), reason="a mistake"),
    "contents are let go of": m.ContentDropped(
        contents=(m.DroppedContent(entry=digest("finished"), digests=(digest("weights"),)),),
        reason="--keep-last 5",
    ),
    "a line of another program's log": m.ForeignLog(
        source="optuna", content='{"op_code": 0, "worker_id": "c0a8-1", "study_name": "mlp"}'
    ),
    "a kind that this release does not know": m.Unknown(
        kind="trial.later", data={"trial": bytes(digest("trial")), "stop": True, "at": [1, 0.5]}
    ),
}


def entry(payload, **more):
    return m.Entry(time=TIME, nonce=bytes(range(16)), origin=bytes(range(16, 32)), payload=payload, **more)


def entries():
    for what, payload in PAYLOADS.items():
        yield what, entry(payload)
    yield "a tag that has seen another origin", entry(PAYLOADS["a tag"], seen=(ORIGIN_HEAD,))


def canonical(document):
    return cbor2.dumps(document, canonical=True)


def invalid():
    """(what, noun or None for an entry, bytes) of what a reader must refuse."""
    tag = cbor2.loads(codec.encode_entry(entry(PAYLOADS["a tag"])))
    row = ["a", m.Mode.FILE, 0, bytes(digest(""))]
    yield "no byte", None, b""
    yield "a byte behind the end", None, canonical(tag) + b"\0"
    yield "the last byte is missing", None, canonical(tag)[:-1]
    yield "an array", None, canonical([1])
    yield "a later version", None, canonical(tag | {"v": 2})
    yield "a version that is no integer", None, canonical(tag | {"v": 1.0})
    yield "a version that is true", None, canonical(tag | {"v": True})
    for name in ("v", "kind", "time", "nonce", "origin", "data"):
        yield f"an entry without {name}", None, canonical({key: tag[key] for key in tag if key != name})
    yield "a nonce of 15 bytes", None, canonical(tag | {"nonce": bytes(15)})
    yield "an origin that is text", None, canonical(tag | {"origin": "0" * 16})
    yield "a time that is a float", None, canonical(tag | {"time": 1.0})
    yield "a required field is missing", None, canonical(tag | {"data": {"name": "paper"}})
    yield "a digest of 31 bytes", None, canonical(tag | {"data": {"name": "p", "trial": bytes(31)}})
    yield "a digest as text", None, canonical(tag | {"data": {"name": "p", "trial": str(digest(""))}})
    yield (
        "a date in an unknown kind",
        None,
        canonical(tag | {"kind": "x", "data": {"at": cbor2.CBORTag(1, 0)}}),
    )
    yield "an integer as a key", None, canonical(tag | {"kind": "x", "data": {1: 2}})
    yield (
        "an array that holds itself",
        None,
        canonical(tag | {"kind": "x", "data": {"a": cbor2.CBORTag(28, [cbor2.CBORTag(29, 0)])}}),
    )
    yield "a path that climbs", "Manifest", canonical({"entries": [["../a", *row[1:]]]})
    yield "an absolute path", "Manifest", canonical({"entries": [["/a", *row[1:]]]})
    yield "a path twice", "Manifest", canonical({"entries": [row, row]})
    yield "paths out of order", "Manifest", canonical({"entries": [["b", *row[1:]], row]})
    yield (
        "a path beneath a link",
        "Manifest",
        canonical({"entries": [["a", m.Mode.LINK, 4, bytes(digest("/etc"))], ["a/b", *row[1:]]]}),
    )
    yield "an unknown mode", "Manifest", canonical({"entries": [["a", 0o100600, *row[2:]]]})
    yield "a row of three", "Manifest", canonical({"entries": [row[:3]]})
    yield "an unknown status", "Outcome", canonical(cbor2.loads(codec.encode(OUTCOME)) | {"status": "fine"})
    yield (
        "an exit code that is true",
        "Outcome",
        canonical(cbor2.loads(codec.encode(OUTCOME)) | {"exit_code": True}),
    )


def read(noun, content):
    return codec.decode_entry(content) if noun is None else codec.decode(getattr(m, noun), content)


def refused(what, noun, content):
    try:
        read(noun, content)
    except FormatError as error:
        return {"what": what, "noun": noun or "Entry", "bytes": content.hex(), "error": error.message}
    raise AssertionError(f"accepted: {what}")


def leaf(body):
    return blake3(b"\0" + body).hexdigest()


def vectors():
    return {
        "description": "Canonical bytes, hexadecimal, and what is read from them. The JSON is for people: "
        "its readers round integers past 2**53. A leaf is BLAKE3 of a zero byte and the bytes. What is "
        "invalid must be refused; the words may differ.",
        "values": [
            {"what": what, "json": to_json(value), "bytes": codec.encode(value).hex()}
            for what, value in VALUES.items()
        ],
        "nouns": [
            {
                "what": what,
                "noun": type(noun).__name__,
                "json": to_json(noun),
                "bytes": codec.encode(noun).hex(),
                "digest": str(codec.digest_of(noun)),
            }
            for what, noun in NOUNS.items()
        ],
        "entries": [
            {
                "what": what,
                "kind": each.kind,
                "json": to_json(each),
                "bytes": codec.encode_entry(each).hex(),
                "leaf": leaf(codec.encode_entry(each)),
            }
            for what, each in entries()
        ],
        "leaves": [
            {"bytes": body.hex(), "digest": str(m.Digest.of(body)), "leaf": leaf(body)}
            for body in (b"", b"\0", b"abc", bytes(range(256)), bytes(1024), bytes(1025))
        ],
        "invalid": [refused(*each) for each in invalid()],
    }


def main(check):
    """Write the file, or return what in it is not what the code says."""
    now = vectors()
    if not check:
        FILE.write_text(json.dumps(now, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
        return []
    # Through text, as tuples are arrays there.
    now = json.loads(json.dumps(now, allow_nan=False))
    then = json.loads(FILE.read_text("utf-8"))
    return [
        f"{part}: {each.get('what', each.get('bytes'))}"
        for part in sorted({*now, *then} - {"description"})
        for each in now.get(part, []) + then.get(part, [])
        if each not in now.get(part, []) or each not in then.get(part, [])
    ]


if __name__ == "__main__":
    differing = main(check="--check" in sys.argv[1:])
    print("\n".join(differing))
    sys.exit(1 if differing else 0)
