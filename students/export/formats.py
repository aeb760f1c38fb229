"""The forms a student can be exported in, as data. Light to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from prompts.errors import MissingExtra

ExportName = Literal["gguf-f16", "gguf-q8_0", "gguf-q4_0", "gguf-q4_k_m", "onnx", "onnx-int8", "onnx-int4", "int8"]


@dataclass(slots=True, frozen=True)
class Format:
    """One form: what it is made with, and which teacher adapter runs it."""

    provider: Literal["gguf", "onnx", "huggingface"]
    """The adapter that answers with it."""
    precision: str
    """What the weights are stored as, in the word of the library that stores them."""
    file: str
    """What the adapter is given, relative to the export's folder; empty is the folder itself."""
    extra: str
    imports: tuple[str, ...]
    """The packages that write and run it."""

    def spec(self, folder: object) -> str:
        """The teacher that the export in `folder` is."""
        return f"{self.provider}:{folder}/{self.file}" if self.file else f"{self.provider}:{folder}"


_GGUF = ("gguf", "xllamacpp")
_ONNX = ("onnx_ir", "onnxruntime", "onnxruntime_genai")

FORMATS: dict[ExportName, Format] = {
    "gguf-f16": Format("gguf", "f16", "model.gguf", "export", _GGUF),
    "gguf-q8_0": Format("gguf", "q8_0", "model.gguf", "export", _GGUF),
    "gguf-q4_0": Format("gguf", "q4_0", "model.gguf", "export", _GGUF),
    "gguf-q4_k_m": Format("gguf", "q4_k_m", "model.gguf", "export", _GGUF),
    "onnx": Format("onnx", "fp32", "", "export", _ONNX),
    "onnx-int8": Format("onnx", "int8", "", "export", _ONNX),
    "onnx-int4": Format("onnx", "int4", "", "export", _ONNX),
    "int8": Format("huggingface", "int8", "", "torchao", ("torchao",)),
}


def require_exports(names: Sequence[ExportName]) -> None:
    """Raises MissingExtra where a package that one of the forms needs is not installed; imports none of them."""
    for name in names:
        found = FORMATS[name]
        if any(find_spec(package) is None for package in found.imports):
            raise MissingExtra(f"the export '{name}'", found.extra)
