from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.config import StudentConfig
from students.methods.preference import Preference
from tests.students.preference.samples import pair_rows, say, write_jsonl
from tests.students.sft.test_method import run


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"chosen": "text"}, r"edits.jsonl:2: field 'chosen': is no list of messages: 'text'. For example"),
        ({"rejected": [{"role": "user"}]}, r"jsonl:2: field 'rejected': is no list of messages"),
        ({"prompt": None}, r"jsonl:2: field 'prompt': is null"),
        ({"chosen": None, "rejected": None}, r"jsonl:2: field 'chosen': is null.*one may be null"),
        ({"split": "test"}, r"jsonl:2: field 'split': is 'test'. Use train, heldout or null"),
    ],
)
def test_a_bad_row_is_named(tiny: Path, corpus: Path, tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    rows = pair_rows(3)
    rows[1] |= changes
    file = write_jsonl(tmp_path / "edits.jsonl", rows)
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(pairs=str(file)))
    with pytest.raises(InputError, match=says):
        run(config, corpus, tmp_path)


def test_a_row_without_a_column_is_named(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "edits.jsonl", [{"prompt": say("?"), "chosen": say("!")}])
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(pairs=str(file)))
    with pytest.raises(InputError, match=r"jsonl:1: field 'rejected': is missing.*this one has prompt, chosen"):
        run(config, corpus, tmp_path)
