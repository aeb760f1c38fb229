"""Static models: made once of a transformer, and what is none is said."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.curate.embeddings import model_vectors
from pipeline.curate.static_model import static_model
from pipeline.recipe.embedding_models import is_model
from prompts.errors import InputError, MissingExtra
from tests.pipeline.curate.static_models import save_transformer


def test_a_transformer_is_made_static_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLHOUSE_CACHE", str(tmp_path / "cache"))
    folder = str(save_transformer(tmp_path / "bert"))
    first = model_vectors(["reset password", "rain"], folder, "f")
    [made] = [item for item in (tmp_path / "cache").iterdir() if item.is_dir()]
    times = {file.name: file.stat().st_mtime_ns for file in made.iterdir()}
    static_model.cache_clear()
    assert np.array_equal(model_vectors(["reset password", "rain"], folder, "f"), first)
    assert {file.name: file.stat().st_mtime_ns for file in made.iterdir()} == times
    assert np.array_equal(model_vectors(["reset password", "rain"], str(made), "f"), first)


def test_what_is_no_model_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"curate.steps.semantic.model.*cannot be made a static model"):
        model_vectors(["x"], str(tmp_path), "curate.steps.semantic.model")
    with pytest.raises(InputError, match="no such model: nothing"):
        static_model("nothing", "f")
    monkeypatch.setitem(sys.modules, "model2vec", None)
    with pytest.raises(MissingExtra, match=r"stillhouse\[semantic\]"):
        static_model("other", "f")
    assert is_model("all-minilm-l6-v2", tmp_path)
    assert not is_model("./missing", tmp_path)
