from __future__ import annotations

from typing import Any

import pytest

from students.config import Features, StudentConfig
from students.methods.on_policy import OnPolicy


@pytest.mark.parametrize(
    "settings",
    [
        {"on_policy": OnPolicy()},
        {"method": "on_policy", "features": Features(teacher="x")},
        {"method": "on_policy", "max_length": 100},
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"on_policy"):
        StudentConfig(base="x", **settings)
