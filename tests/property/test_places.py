"""The rules of places, and directories that stand for their files: whatever the paths."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.capture.directories import collapse
from ledger.capture.places import Places, Rules

PART = st.sampled_from(
    [
        "a",
        "b",
        "usr",
        "share",
        "lib",
        "opt",
        "tmp",
        "bin",
        "python3.11",
        ".git",
        "home",
        ".cache",
        "x.so",
        "pip",
    ]
)
PATH = st.lists(PART, min_size=1, max_size=6).map(lambda parts: "/" + "/".join(parts))


@given(st.lists(PATH, max_size=20), PATH, st.lists(PATH, max_size=3), PATH)
def test_order_of_questions_does_not_matter(paths, root, prefixes, home):
    places = Places(root=root, prefixes=tuple(prefixes), home=home)
    rules = Rules(places)
    answers = [(rules.is_input(path), rules.is_output(path)) for path in paths]
    assert answers == [(places.is_input(path), places.is_output(path)) for path in paths]


@given(PATH, st.lists(PATH, max_size=3), st.sampled_from(["data.csv", "x.so", "ü"]))
def test_files_of_the_root_are_data(root, prefixes, name):
    assert Places(root=root, prefixes=tuple(prefixes)).is_input(f"{root}/{name}")


@given(PATH, PATH)
def test_what_is_skipped_is_never_data(root, skipped):
    places = Places(root=root, skip=(skipped,))
    assert not places.is_input(f"{skipped}/data.csv")
    assert not places.is_output(f"{skipped}/data.csv")


RELATIVE = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(
    st.sets(st.one_of(RELATIVE, RELATIVE.map("/".__add__)), max_size=60),
    st.integers(0, 20),
    st.integers(1, 10),
    st.randoms(use_true_random=False),
)
def test_collapse(paths, many, least, random):
    chosen = collapse(paths, many=many, least=least, root="/a/b")
    shuffled = list(paths)
    random.shuffle(shuffled)
    assert collapse(shuffled, many=many, least=least, root="/a/b") == chosen
    taken = [path for files in chosen.values() for path in files]
    assert len(taken) == len(set(taken))
    assert set(taken) <= paths
    for directory, files in chosen.items():
        assert directory not in ("", "/", "/a", "/a/b")
        assert len(files) >= least
        assert all(path.startswith(f"{directory}/") for path in files)
        outside = [path for path in paths if path.startswith(f"{directory}/") and path not in files]
        assert all(
            any(path in other for key, other in chosen.items() if key != directory) for path in outside
        )
    if len(paths) <= many:
        assert chosen == {}
    left = len(paths) - len(taken) + len(chosen)
    assert left <= many or all(
        sum(path.startswith(f"{directory}/") for path in paths - set(taken)) < least
        for directory in {path[:end] for path in paths for end in range(len(path)) if path[end] == "/"}
        - {"", "/a", "/a/b"}
    )
