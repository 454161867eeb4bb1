import pytest

from ledger.model.text import canonical, from_bytes, is_utf8, to_bytes


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", ""),
        ("plain", "plain"),
        ("größe/日本", "größe/日本"),
        ("caf\udce9", b"caf\xe9"),
        ("\udcff\udcfe/é", b"\xff\xfe/\xc3\xa9"),
        # Escapes that together are UTF-8 are the text that they spell: one text has one form.
        ("\udcc3\udca9", "é"),
        # What a JSON file can hold and no file name can.
        ("\ud83d", b"\xed\xa0\xbd"),
        ("\ud83d\udce9", b"\xed\xa0\xbd\xe9"),
    ],
)
def test_the_canonical_form_of_a_text(text, form):
    assert canonical(text) == form
    back = form if isinstance(form, str) else from_bytes(form)
    assert canonical(back) == form
    assert to_bytes(back) == to_bytes(text)


def test_which_texts_are_utf8():
    assert is_utf8("größe 😀")
    assert not is_utf8("caf\udce9")
    assert not is_utf8("\ud83d")
