"""Names that were misspelt."""

import pytest

from coreselect._words import suggestion


@pytest.mark.parametrize(
    ("word", "close"),
    [
        ("prize", "price"),
        ("PRICE", "price"),
        ("sale date", "Sale_Date"),
        (" price", "price"),
        ("zebra", None),
        ("", None),
        (3, None),
    ],
)
def test_the_closest_name_is_suggested(word, close):
    wanted = "" if close is None else f" Did you mean {close!r}?"
    assert suggestion(word, ["carat", "price", "Sale_Date", "", 3]) == wanted
