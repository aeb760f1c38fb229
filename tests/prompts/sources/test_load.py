"""Sources: four kinds of file, one row shape, and errors that name file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from prompts.sources.load import Columns, load_prompts
from prompts.template import Template, load_template
from tests.prompts.sources.make import ROWS, write_jsonl


@pytest.fixture
def template(tmp_path: Path) -> Template:
    path = tmp_path / "t.md"
    path.write_text("---\nname: t\nfields: [subject]\n---\n{{ subject }}\n", encoding="utf-8")
    return load_template(path)


def test_gold_and_group_stand_beside_the_prompt(tmp_path: Path, template: Template) -> None:
    loaded = load_prompts(write_jsonl(tmp_path / "r.jsonl", ROWS), template, Columns(gold="label", group="n"))
    assert [(prompt.gold, prompt.group) for prompt in loaded.prompts] == [("spam", "1"), ("ham", "2")]
    assert "spam" not in str([prompt.teacher_messages for prompt in loaded.prompts])


def test_the_gold_answer_cannot_be_in_the_prompt(tmp_path: Path, template: Template) -> None:
    with pytest.raises(InputError, match="'subject': is the gold answer"):
        load_prompts(write_jsonl(tmp_path / "r.jsonl", ROWS), template, Columns(gold="subject"))


def test_equal_rows_are_one_prompt_and_are_counted(tmp_path: Path, template: Template) -> None:
    loaded = load_prompts(write_jsonl(tmp_path / "r.jsonl", [*ROWS, ROWS[0]]), template)
    assert (loaded.rows, len(loaded.prompts), loaded.merged) == (3, 2, 1)


@given(subjects=st.lists(st.text(min_size=1), min_size=1, max_size=20))
def test_ids_depend_on_template_and_fields_alone(subjects: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("s")
    path = folder / "t.md"
    path.write_text("---\nname: t\nfields: [subject]\n---\n{{ subject }}\n", encoding="utf-8")
    template = load_template(path)
    once = load_prompts(write_jsonl(folder / "a.jsonl", [{"subject": s, "other": 1} for s in subjects]), template)
    again = load_prompts(write_jsonl(folder / "b.jsonl", [{"subject": s} for s in reversed(subjects)]), template)
    assert {prompt.id for prompt in once.prompts} == {prompt.id for prompt in again.prompts}
    assert len(once.prompts) == len(set(subjects))


def test_limit_takes_the_first_rows(tmp_path: Path, template: Template) -> None:
    assert load_prompts(write_jsonl(tmp_path / "r.jsonl", ROWS), template, limit=1).rows == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.jsonl", b'{"subject": "a"}\n{"subject"\n', "r.jsonl:2: is not JSON"),
        ("r.jsonl", b'{"subject": "a"}\n[1]\n', "r.jsonl:2: is a list, not an object"),
        ("r.jsonl", b'{"subject": "a"}\n{"subject": "\xff"}\n', "r.jsonl:2: is not UTF-8 (byte 0xff at column 14)"),
        (
            "r.jsonl",
            b'{"subject": "a"}\n\n{"other": "b"}\n',
            "r.jsonl:3: field 'subject': is missing. The row has other",
        ),
        ("r.jsonl", b'{"subject": null}\n', "r.jsonl:1: field 'subject': is missing"),
        ("r.jsonl", b'{"subject": "\\ud800"}\n', "r.jsonl:1: field 'subject': cannot be written as JSON"),
        ("r.jsonl", b"", "has no rows"),
        ("r.csv", b"subject,label\na,b\nc\xe9,d\n", "r.csv:3: is not UTF-8 (byte 0xe9 at column 2)"),
        ("r.csv", b"subject,label\na,b,c\n", "r.csv:2: does not have 2 cells"),
        ("r.csv", b"subject,label\na\n", "r.csv:2: does not have 2 cells"),
        ("r.parquet", b"nonsense", "is not Parquet"),
        ("r.xlsx", b"", "unknown kind of source '.xlsx'"),
    ],
)
def test_bad_sources_say_where(tmp_path: Path, template: Template, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_prompts(path, template)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_many_bad_rows_are_listed_and_counted(tmp_path: Path, template: Template) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [{"subject": "a"}, *[{"no": 1}] * 8])
    with pytest.raises(InputError, match="8 of 9 rows cannot be used") as caught:
        load_prompts(path, template)
    assert "r.jsonl:2" in str(caught.value)
    assert "and 3 more" in str(caught.value)
