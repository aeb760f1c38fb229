"""What the replies in a run's journal tell about those to come."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.journal.read import Spoken, read_spoken
from pipeline.plan.estimate import Floats, Interval, mean_of, ratio_of
from pipeline.plan.sample import text_bytes

ENOUGH = 20
"""Of fewer replies a mean says little: their spread itself is hardly known."""

REPLIES = 1_000
SEED = 0
ENDPOINT = ("provider", "model", "base_url", "api_version")


@dataclass(slots=True, frozen=True)
class PastUsage:
    """Figures of the replies that one seat gave: the same endpoint, asked with the same parameters but the seed."""

    output_tokens_N: Floats
    latency_s_N: Floats
    stored_bytes_N: Floats
    input_tokens_M: Floats
    """Of those that count them, which need not have been asked with the same parameters."""
    input_bytes_M: Floats

    def tokens_per_byte(self) -> Interval | None:
        """Of the input, by its UTF-8; None where too few replies count it. With what a chat template adds."""
        return ratio_of(self.input_tokens_M, self.input_bytes_M) if len(self.input_tokens_M) >= ENOUGH else None

    def output_tokens(self, calls: float) -> Interval | None:
        """The mean of so many replies to come; None where too few were measured."""
        return _mean_of(self.output_tokens_N, calls)

    def latency_s(self, calls: float) -> Interval | None:
        """The same of seconds from sending to the whole answer."""
        return _mean_of(self.latency_s_N, calls)

    def stored_bytes(self, calls: float) -> Interval | None:
        """The same of a reply's bytes in the journal."""
        return _mean_of(self.stored_bytes_N, calls)


def measure(endpoints: Sequence[ConfiguredTeacher], journal: sqlite3.Connection | None) -> list[PastUsage]:
    """Each seat's figures, from replies drawn at random; empty ones where there is no journal."""
    spoken = [] if journal is None else read_spoken(journal, REPLIES * len(endpoints), SEED)
    return [_measured(endpoint, spoken) for endpoint in endpoints]


def _measured(endpoint: ConfiguredTeacher, spoken: Iterable[Spoken]) -> PastUsage:
    theirs = [one for one in spoken if _endpoint(one.endpoint["teacher"]) == _endpoint(asdict(endpoint.who.identity))]
    theirs = [one for one in theirs if one.endpoint["schema"] == endpoint.schema]  # it is read as input
    how = _parameters(orjson.loads(orjson.dumps(endpoint.sampling)))
    same = [one for one in theirs if _parameters(one.endpoint["sampling"]) == how]
    counted = [one for one in theirs if one.usage["input_tokens"] is not None]
    return PastUsage(
        output_tokens_N=_array(one.usage["output_tokens"] for one in same),
        latency_s_N=_array(one.latency_s for one in same),
        stored_bytes_N=_array(one.stored_bytes for one in same),
        input_tokens_M=_array(one.usage["input_tokens"] for one in counted),
        input_bytes_M=_array(text_bytes(one.messages, endpoint.schema) for one in counted),
    )


def _mean_of(values_N: Floats, calls: float) -> Interval | None:
    return mean_of(values_N, calls) if len(values_N) >= ENOUGH else None


def _array(values: Iterable[float | None]) -> Floats:
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _endpoint(identity: dict[str, Any]) -> list[Any]:
    return [identity[name] for name in ENDPOINT]


def _parameters(sampling: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sampling.items() if name != "seed"}
