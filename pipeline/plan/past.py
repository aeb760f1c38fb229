"""The replies in a run's journal, and what they tell about those to come."""

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
    """Figures of the replies that one teacher gave, asked with the same parameters but the seed."""

    output_tokens_N: Floats
    latency_s_N: Floats
    stored_bytes_N: Floats
    input_tokens_M: Floats
    """Of those that count them, which need not have been asked with the same parameters."""
    input_bytes_M: Floats

    def tokens_per_byte(self) -> Interval | None:
        """Of the input, by its UTF-8; None where too few replies count it. With what a chat template adds."""
        if len(self.input_tokens_M) < ENOUGH:
            return None
        return ratio_of(self.input_tokens_M, self.input_bytes_M)

    def output_tokens(self, calls: float) -> Interval | None:
        """The mean of so many replies to come; None where too few were measured."""
        return _mean_of(self.output_tokens_N, calls)

    def latency_s(self, calls: float) -> Interval | None:
        """The same of seconds from sending to the whole answer."""
        return _mean_of(self.latency_s_N, calls)

    def stored_bytes(self, calls: float) -> Interval | None:
        """The same of a reply's bytes in the journal."""
        return _mean_of(self.stored_bytes_N, calls)


def past_usage(endpoints: Sequence[ConfiguredTeacher], journal: sqlite3.Connection | None) -> list[PastUsage]:
    """Returns each teacher's figures, from replies drawn at random; empty ones where there is no journal."""
    spoken: Iterable[Spoken] = ()
    if journal is not None:
        # At random, not the latest: sources are often sorted, and the last rows' lengths are not the others'.
        spoken = read_spoken(journal, REPLIES * len(endpoints), SEED)
    return [_past_of(endpoint, spoken) for endpoint in endpoints]


def _past_of(endpoint: ConfiguredTeacher, spoken: Iterable[Spoken]) -> PastUsage:
    address = _address(asdict(endpoint.description.identity))
    # By way of JSON, as the journal has it: a tuple there is a list.
    parameters = _parameters(orjson.loads(orjson.dumps(endpoint.sampling)))
    same: list[Spoken] = []
    counted: list[Spoken] = []
    for reply in spoken:
        # A schema is read as input, so that another one's replies tell nothing of the tokens that go in.
        if _address(reply.endpoint["teacher"]) != address or reply.endpoint["schema"] != endpoint.schema:
            continue
        # Another temperature or max_tokens makes other answers; the tokens that went in it leaves alone.
        if _parameters(reply.endpoint["sampling"]) == parameters:
            same.append(reply)
        if reply.usage["input_tokens"] is not None:
            counted.append(reply)
    return PastUsage(
        output_tokens_N=_array(reply.usage["output_tokens"] for reply in same),
        latency_s_N=_array(reply.latency_s for reply in same),
        stored_bytes_N=_array(reply.stored_bytes for reply in same),
        input_tokens_M=_array(reply.usage["input_tokens"] for reply in counted),
        input_bytes_M=_array(text_bytes(reply.messages, endpoint.schema) for reply in counted),
    )


def _mean_of(values_N: Floats, calls: float) -> Interval | None:
    if len(values_N) < ENOUGH:
        return None
    return mean_of(values_N, calls)


def _array(values: Iterable[float | None]) -> Floats:
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _address(identity: dict[str, Any]) -> list[Any]:
    return [identity[name] for name in ENDPOINT]


def _parameters(sampling: dict[str, Any]) -> dict[str, Any]:
    """All but the seed, which differs by sample."""
    return sampling | {"seed": None}
