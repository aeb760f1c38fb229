"""JSON values in their comparable form."""

from __future__ import annotations

from typing import Any

import pytest

from prompts.json_values import comparable


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (1.0, 1),
        (1.5, 1.5),
        (float(2**60), float(2**60)),
        (" Ada  LOVELACE ", "ada lovelace"),
        ({"Name": "ＡＤＡ", "born": [1815.0, None, True]}, {"Name": "ada", "born": [1815, None, True]}),
    ],
)
def test_values_that_say_the_same_have_one_form(value: Any, form: Any) -> None:
    assert comparable(value) == form
    assert type(comparable(value)) is type(form)
