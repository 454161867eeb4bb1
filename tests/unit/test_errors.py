import pytest

from ledger import errors


def test_an_error_is_its_message_its_cause_and_its_hint():
    error = errors.NotFoundError("no trial abc", cause="expected one of 3", hint="ledger log")
    assert str(error) == "no trial abc\ncause: expected one of 3\nhint: ledger log"
    assert (error.message, error.cause, error.hint) == ("no trial abc", "expected one of 3", "ledger log")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "off"),
        ({"cause": "c"}, "off\ncause: c"),
        ({"hint": "h"}, "off\nhint: h"),
        ({"cause": "", "hint": ""}, "off"),
    ],
)
def test_what_is_not_known_is_not_said(given, text):
    assert str(errors.LedgerError("off", **given)) == text


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("LedgerError", 1),
        ("FormatError", 1),
        ("NewerFormatError", 1),
        ("StorageError", 1),
        ("RemoteError", 1),
        ("UsageError", 2),
        ("NotFoundError", 3),
        ("AmbiguousError", 3),
        ("MismatchError", 4),
        ("DamagedError", 4),
        ("IncomparableError", 5),
        ("CannotRecordError", 125),
        ("SpaceExhaustedError", 1),
    ],
)
def test_each_class_carries_its_exit_code(name, code):
    assert getattr(errors, name).exit_code == code


def test_every_error_is_one_of_ours():
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    assert all(issubclass(each, errors.LedgerError) for each in classes)
