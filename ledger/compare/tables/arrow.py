"""Two columns of Arrow, block by block: numbers within the tolerance, values in lists and structs as well."""

from typing import Any, Final

import pyarrow
import pyarrow.compute

from ledger.compare.numbers import Apart, apart
from ledger.compare.tables.columns import Columns

_types = pyarrow.types
_TEXT: Final = (_types.is_string, _types.is_large_string, _types.is_string_view)
_VIEWS: Final = (_types.is_string_view, _types.is_binary_view)
_BINARY: Final = (
    _types.is_binary,
    _types.is_large_binary,
    _types.is_binary_view,
    _types.is_fixed_size_binary,
)
_LISTS: Final = (_types.is_list, _types.is_large_list, _types.is_fixed_size_list)


def plain(array: Any) -> Any:
    """The same values without a dictionary or an extension type, in one layout of text; times as text."""
    kind = array.type
    if isinstance(array, pyarrow.ExtensionArray):
        return plain(array.storage)
    if _types.is_dictionary(kind):
        if any(each(kind.value_type) for each in _VIEWS):  # which pyarrow cannot decode
            array = pyarrow.DictionaryArray.from_arrays(array.indices, plain(array.dictionary))
        return plain(array.dictionary_decode())
    if _types.is_run_end_encoded(kind):
        return plain(pyarrow.compute.run_end_decode(array))
    if _types.is_map(kind):
        return array.cast(pyarrow.list_(pyarrow.struct([kind.key_field, kind.item_field])))
    if _types.is_timestamp(kind):
        return array.cast(pyarrow.timestamp(kind.unit)).cast(pyarrow.large_string())
    if _types.is_duration(kind):
        return array.cast(pyarrow.int64())
    if any(each(kind) for each in _TEXT) or _types.is_date(kind) or _types.is_time(kind):
        return array.cast(pyarrow.large_string())
    if any(each(kind) for each in _BINARY) or _types.is_null(kind):
        return array.cast(pyarrow.large_binary())
    return array


def compare(column: str, row: int | None, expected: Any, got: Any, columns: Columns) -> None:
    """Compare two arrays of one length.

    Parameters
    ----------
    column
        Where they are: the name of the column, and of the field in it.
    row
        Number of the row of their first values; None where a row has several.
    expected, got
        The arrays.
    columns
        Is told of what differs.
    """
    if expected.type == got.type and expected.equals(got):
        count = len(got) - got.null_count if _is_number(got.type) else 0
        columns.numbers(column, Apart(compared=count))
        return
    left, right = plain(expected), plain(got)
    nulls = [each.is_null() for each in (left, right)]
    if not nulls[0].equals(nulls[1]):
        _unequal(column, row, left, right, pyarrow.compute.xor(*nulls), columns)
        both = pyarrow.compute.invert(pyarrow.compute.or_(*nulls))
        left, right = left.filter(both), right.filter(both)
    if _is_number(left.type) and _is_number(right.type):
        numbers = [each.drop_null().to_numpy(zero_copy_only=False) for each in (left, right)]
        columns.numbers(column, apart(numbers[0], numbers[1], columns.tolerance))
    elif _is_list(left.type) and _is_list(right.type):
        _compare_lists(column, row, left, right, columns)
    elif _types.is_struct(left.type) and _types.is_struct(right.type):
        _compare_structs(column, row, left, right, columns)
    else:
        columns.values(column, row, left.to_pylist(), right.to_pylist())


def _compare_lists(column: str, row: int | None, left: Any, right: Any, columns: Columns) -> None:
    lengths = [_lengths(each) for each in (left, right)]
    if not lengths[0].equals(lengths[1]):
        other = pyarrow.compute.fill_null(pyarrow.compute.not_equal(*lengths), False)
        _unequal(column, row, left, right, other, columns)
        left, right = (each.filter(pyarrow.compute.invert(other)) for each in (left, right))
    compare(f"{column}[]", None, left.flatten(), right.flatten(), columns)


def _lengths(array: Any) -> Any:
    return pyarrow.compute.cast(pyarrow.compute.list_value_length(array), pyarrow.int64())


def _compare_structs(column: str, row: int | None, left: Any, right: Any, columns: Columns) -> None:
    names = [[each.type.field(place).name for place in range(each.type.num_fields)] for each in (left, right)]
    valid = left.is_valid()
    if names[0] != names[1]:
        columns.unequal(column, 1, row, names[0], names[1])
        return
    for place, name in enumerate(names[0]):
        fields = [each.field(place).filter(valid) for each in (left, right)]
        compare(f"{column}.{name}", row, fields[0], fields[1], columns)


def _unequal(column: str, row: int | None, left: Any, right: Any, mask: Any, columns: Columns) -> None:
    """Note the values at which `mask` is true."""
    count = pyarrow.compute.sum(mask).as_py() or 0
    if count:
        place = mask.index(True).as_py()
        where = None if row is None else row + place
        columns.unequal(column, count, where, left[place].as_py(), right[place].as_py())


def _is_number(kind: Any) -> bool:
    return bool(_types.is_integer(kind) or _types.is_floating(kind))


def _is_list(kind: Any) -> bool:
    return any(each(kind) for each in _LISTS)
