"""pyarrow's look for pandas, which costs a quarter of a second, answered where there is nothing to find.

pyarrow looks for pandas once, when it is first given a list: what it is given might be one of pandas' columns.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_nobody_has_pandas = False


def expect_no_pandas() -> None:
    """Says that nobody in this process hands pandas' columns to pyarrow: what a command knows and a library cannot."""
    global _nobody_has_pandas
    _nobody_has_pandas = True


def answer_probe() -> None:
    """Lets pyarrow look and find none, where none is expected. Its `to_pandas` looks again, and works as ever."""
    if not _nobody_has_pandas or "pandas" in sys.modules:
        return
    import pyarrow as pa

    # Not `sys.modules["pandas"] = None`: an import in compiled code takes the None for the module.
    blocked = _NoPandas()
    sys.meta_path.insert(0, blocked)
    try:
        pa.array([None])
    finally:
        sys.meta_path.remove(blocked)


class _NoPandas(MetaPathFinder):
    """Finds no pandas, and leaves all else to the next finder."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")
        return None
