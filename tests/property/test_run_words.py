"""The words of ``ledger run`` mean the same to our own reader and to click."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.cli.run import command
from ledger.cli.run_words import OPTIONS, read

OWN = [word for option in OPTIONS.values() for word in option.words]
ODD = ["", "-", "--", "--=", "=", "-=", "--nam", "-qx", "-xq", "-xdigits", "-x=digits", "-h", "--help"]
OTHERS = ["python", "train.py", "a=b", "--lr", "0.1", "-v", "ü", "\udcff", *ODD]
JOINED = st.builds("{}={}".format, st.sampled_from(OWN), st.sampled_from(["", "a", "a=b", "-x"]))
WORDS = st.lists(st.one_of(st.sampled_from(OWN), st.sampled_from(OTHERS), JOINED), max_size=8)


@given(WORDS)
@settings(max_examples=500)
def test_what_is_read_is_what_click_reads(words):
    ours = read(words)
    if ours is not None:
        assert ours == command.make_context("run", list(words)).params


@given(st.data())
def test_options_as_they_are_written_mostly_are_read(data):
    words = []
    for name in data.draw(st.lists(st.sampled_from([*OPTIONS]))):
        word = data.draw(st.sampled_from(OPTIONS[name].words))
        value = data.draw(st.text(max_size=3))
        if OPTIONS[name].metavar is None:
            words.append(word)
        elif word.startswith("--") and data.draw(st.booleans()):
            words.append(f"{word}={value}")
        else:
            words += [word, value]
    words += ["--", "python", "-q", "train.py"]
    ours = read(words)
    assert ours == command.make_context("run", list(words)).params
    assert ours["words"] == ("python", "-q", "train.py")
