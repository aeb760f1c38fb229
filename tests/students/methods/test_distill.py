from __future__ import annotations

from pathlib import Path

import pytest

from students.config import StudentConfig
from students.methods.distill import Distill


def test_the_settings_of_another_method_are_refused(tiny: Path) -> None:
    with pytest.raises(ValueError, match="'distill' is set"):
        StudentConfig(base=str(tiny), distill=Distill())
