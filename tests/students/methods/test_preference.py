from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from students.config import StudentConfig


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"method": "sft", "preference": {}}, "'preference' is set, and the method is sft"),
        ({"preference": {"loss": "kto", "sft_weight": 1}}, "needs loss: dpo"),
        ({"preference": {"loss": "kto", "reference": "none"}}, "needs reference: base"),
        ({"preference": {"undesirable_weight": 2}}, "need loss: kto"),
        ({"preference": {"loss": "kto"}, "batch_size": 1}, "batch_size of 2 or more"),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        StudentConfig.model_validate({"base": "x", "method": "preference", **wrong})
