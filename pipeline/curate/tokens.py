"""A reply's token logprobs, read when a step asks for them: those of all rows together would not fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.run.records import TOKENS, open_parquet


class Tokens:
    """One reply's tokens in the shape of `records.TOKENS`."""

    def __init__(self, read: Callable[[], pa.StructArray]) -> None:
        self._read = read

    @classmethod
    def of(cls, tokens: Sequence[Mapping[str, Any]] | None) -> Tokens:
        """Wraps tokens that are in memory already."""
        [values] = pa.array([list(tokens or ())], TOKENS)
        return cls(lambda: values.values)

    def array(self) -> pa.StructArray:
        """Returns all of them, as Arrow has them; empty where the reply has no logprobs."""
        return self._read()

    def first(self) -> list[dict[str, Any]]:
        """Returns the first token with its alternatives; empty where there is none."""
        head: list[dict[str, Any]] = self._read()[:1].to_pylist()
        return head

    def logprobs(self) -> NDArray[np.float32]:
        """Returns those of the sampled tokens, in nats."""
        nats: NDArray[np.float32] = self._read().field("logprob").to_numpy(zero_copy_only=False)
        return nats


# Not `pa.array`: at the first list that it converts pyarrow imports pandas, which takes 0.2 s.
NO_TOKENS = Tokens(lambda: pa.nulls(0, TOKENS.value_type))


class TokenFile:
    """The `tokens` column of a Parquet file, a row group in memory at a time: read it in the rows' order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # One group alone: a group of a thousand replies with twenty alternatives a token takes hundreds of MB.
        self._group = lru_cache(1)(self._read_group)
        with open_parquet(path) as file:
            sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        self._ends = np.cumsum(sizes)

    def row(self, index: int) -> Tokens:
        """Returns the tokens of one row of the file."""
        return Tokens(partial(self._read_row, index))

    def _read_row(self, index: int) -> pa.StructArray:
        group = int(np.searchsorted(self._ends, index, side="right"))
        column, start = self._group(group)
        return column[index - start].values

    def _read_group(self, group: int) -> tuple[pa.ListArray, int]:
        with open_parquet(self._path) as file:
            column = file.read_row_group(group, columns=["tokens"])["tokens"].combine_chunks()
            start = int(self._ends[group]) - len(column)
            return column, start
