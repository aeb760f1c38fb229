"""pyarrow finds no pandas where none is expected, and still converts to it where it is asked to."""

from __future__ import annotations

import subprocess
import sys

from tests.pipeline.helpers import ROOT, environment

SCRIPT = """
import sys
from pipeline.process.pandas_probe import answer_probe, expect_no_pandas
{before}
answer_probe()
import pyarrow as pa
table = pa.table({{"number": [1, 2]}})
print("pandas" in sys.modules)
print(table.to_pandas()["number"].sum())
"""


def printed(before: str) -> list[str]:
    script = SCRIPT.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_command_loads_no_pandas_and_can_still_convert() -> None:
    assert printed("expect_no_pandas()") == ["False", "3"]


def test_a_library_leaves_pyarrow_as_it_is() -> None:
    assert printed("") == ["True", "3"]
