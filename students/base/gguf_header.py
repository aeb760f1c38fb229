"""The header of a GGUF file: what it says of the model, without its weights or its package's reader.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 2 and 3, little-endian.
"""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"GGUF"
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
LENGTH = struct.Struct("<Q")


def read_header(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The metadata, less its arrays, and the number of elements of each tensor. ValueError for another file."""
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise ValueError("is no GGUF file")
        try:
            _, tensors, pairs = _unpack(file, "IQQ")
            metadata: dict[str, Any] = {}
            for _ in range(pairs):
                name, value = _pair(file)
                if value is not None:  # an array, which was passed over: a vocabulary is most of a header
                    metadata[name] = value
            return metadata, dict(_tensor(file) for _ in range(tensors))
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise ValueError(f"its header cannot be read: {error}") from error


def _pair(file: BinaryIO) -> tuple[str, Any]:
    name = _string(file)
    (kind,) = _unpack(file, "I")
    return name, _value(file, kind)


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == STRING:
        return _string(file)
    if kind != ARRAY:
        return _unpack(file, SCALARS[kind])[0]
    element, count = _unpack(file, "IQ")
    if element == STRING:
        # A vocabulary of 49,152 and its merges are 98,000 strings: half of the time to read the header is here.
        length_of, size = LENGTH.unpack, LENGTH.size
        for _ in range(count):
            file.seek(length_of(file.read(size))[0], 1)
    else:
        file.seek(count * struct.calcsize(SCALARS[element]), 1)
    return None


def _tensor(file: BinaryIO) -> tuple[str, int]:
    name = _string(file)
    (dimensions,) = _unpack(file, "I")
    size = prod(_unpack(file, "Q" * dimensions))
    _unpack(file, "IQ")  # its type, and where its weights begin
    return name, size


def _string(file: BinaryIO) -> str:
    return file.read(_unpack(file, "Q")[0]).decode()


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack("<" + layout, file.read(struct.calcsize("<" + layout)))
