"""A corpus with logprobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.students.distill.samples import with_tokens, write
from tests.students.samples import corpus_rows


@pytest.fixture
def corpus(tokenizer: Any, tmp_path: Path) -> Path:
    return write(with_tokens(corpus_rows(), tokenizer), tmp_path / "corpus")
