"""A small static model for the tests of this folder."""

from __future__ import annotations

import pytest

from tests.pipeline.curate.static_models import save_static


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_static(tmp_path_factory.mktemp("static")))
