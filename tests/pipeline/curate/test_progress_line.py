"""The progress of curation: which step is at work, and how many of its rows are done."""

from __future__ import annotations

import re

from pipeline.curate.progress_line import StepsLine
from tests.pipeline.curate.make_progress import Seen


def test_a_slow_step_tells_its_rows_and_the_time_left() -> None:
    seen = Seen()
    line = StepsLine(seen, 2)
    line.rows("verify", 0, 5000)
    line.rows("verify", 1200, 5000)
    line.step("verify", 5000, 4000)
    (_, began), (done, middle), ended = seen.details
    assert began == "verify: 0 of 5,000 rows"
    assert re.fullmatch(r"verify: 1,200 of 5,000 rows, [\d,.]+/s, \d+ s left", middle)
    assert (done, ended) == (0, (1, "verify: 5,000 in, 4,000 out"))
    assert seen.figures[1] == {"step": "verify", "rows": 1200, "of_rows": 5000}
