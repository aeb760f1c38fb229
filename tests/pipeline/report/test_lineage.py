from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.report.lineage import chain, command
from tests.pipeline.report.make import lineage, stages


def test_the_chain_goes_from_prompts_to_exports() -> None:
    links = chain(lineage(), stages())
    assert [link.kind for link in links] == ["prompts", "teacher", "curation", "student", "exports"]
    assert f"digest {'9c1f' * 8}" in links[0].notes
    assert "800 in, 780 kept" in links[2].notes
    assert chain(replace(lineage(), source_digest=None, terms=None), {})[1].notes == ()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("runs/a", "stillhouse train runs/a/recipe.yaml --dir runs/a"),
        ("my run", "stillhouse train 'my run/recipe.yaml' --dir 'my run'"),
    ],
)
def test_a_command_can_be_pasted(place: str, expected: str) -> None:
    assert command("train", place) == expected
