"""Progress of generation, as the counters of the journal say it: read without what decodes replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.journal.schema import reading


def progress_of(path: Path) -> dict[str, Any]:
    """Reads how far generation is: samples wanted and answered, attempts by outcome (`in_flight` has none yet).

    Reads a few counters that are stored with every commit: it takes as long for ten million samples as for ten.
    """
    with reading(path) as connection:
        counts: dict[str, int] = dict(connection.execute("SELECT name, value FROM counters WHERE value <> 0"))
    attempts = {name.partition(":")[2]: value for name, value in counts.items() if name.startswith("attempts:")}
    return {"samples": counts.get("samples", 0), "answered": counts.get("answered", 0), "attempts": attempts}
