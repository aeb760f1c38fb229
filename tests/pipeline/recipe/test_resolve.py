"""What a recipe names is looked for beside it, before anything is paid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.recipe.load import load_recipe
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


@pytest.mark.parametrize(("field", "line"), [("source", 3), ("template", 4)])
def test_missing_files_name_the_line_that_names_them(tmp_path: Path, field: str, line: int) -> None:
    prompts = {"source": "rows.jsonl", "template": "t.md", field: "none.jsonl"}
    with pytest.raises(InputError, match=rf"recipe\.yaml:{line}: field 'prompts\.{field}': no such file"):
        load_recipe(write_recipe(tmp_path, prompts=prompts))


@pytest.mark.parametrize(
    ("sections", "field", "message"),
    [
        ({"prompts": {"source": "rows.jsonl"}}, "prompts.template", "is no provider's log"),
        (
            {"curate": {"steps": [{"step": "exact"}, {"step": "verify", "function": "no.py:f"}]}},
            "curate.steps.verify.function",
            "no such file",
        ),
        (
            {"curate": {"steps": [{"step": "decontaminate", "against": ["no.jsonl"]}]}},
            "curate.steps.decontaminate.against",
            "no such file",
        ),
        (
            {"curate": {"steps": [{"step": "semantic", "model": "no-model"}]}},
            "curate.steps.semantic.model",
            "no such model",
        ),
        ({"evaluate": {"general": {"tasks": ["no.yaml"]}}}, "evaluate.general.tasks", "no such file"),
        ({"evaluate": {"against": ["no-run"]}}, "evaluate.against", "Name run directories that were evaluated"),
        ({"student": {"base": "b", "method": "on_policy"}}, "student.on_policy.teacher", "no teacher whose weights"),
    ],
)
def test_what_is_missing_is_said_with_its_line(
    tmp_path: Path, sections: dict[str, Any], field: str, message: str
) -> None:
    path = write_recipe(tmp_path, **sections)
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert caught.value.field == field
    assert message in str(caught.value)
    line = path.read_text(encoding="utf-8").splitlines()[(caught.value.line or 0) - 1]
    assert any(word in line for word in [*field.split("."), "no.", "no-", "prompts"])


@pytest.mark.parametrize(
    ("sections", "field", "remedy"),
    [
        ({"prompts": {"source": "log.jsonl", "gold": "label"}}, "prompts.gold", "Give 'reply'"),
        ({"prompts": {"source": "log.jsonl", "group": "user"}}, "prompts.group", "Leave it unset"),
        ({"evaluate": {"slices": ["language"]}}, "evaluate.slices", "Leave it unset"),
    ],
)
def test_a_log_has_no_columns(tmp_path: Path, sections: dict[str, Any], field: str, remedy: str) -> None:
    record = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]}
    (tmp_path / "log.jsonl").write_text(json.dumps(record) + "\n")
    path = write_recipe(tmp_path, **{"prompts": {"source": "log.jsonl"}, **sections})
    with pytest.raises(InputError, match="a log has no columns") as caught:
        load_recipe(path)
    assert (caught.value.field, remedy in str(caught.value)) == (field, True)
