"""Templates: strict, sandboxed, and named by their content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from prompts.messages import Message
from prompts.template import Template, load_template
from prompts.template_source import find_template

HEAD = "name: t\nfields: [subject]\nsystem: You label mail about {{ subject }}.\n"
EXAMPLES = "examples:\n  - {fields: {subject: Win}, answer: spam}\n"


def write(folder: Path, head: str, body: str = "Mail: {{ subject }}") -> Path:
    path = folder / "t.md"
    path.write_text(f"---\n{head}---\n{body}\n", encoding="utf-8")
    return path


def make(folder: Path, head: str = HEAD, body: str = "Mail: {{ subject }}") -> Template:
    return load_template(write(folder, head, body))


def test_renders_system_examples_and_the_user_turn(tmp_path: Path) -> None:
    conversation = make(tmp_path, HEAD + EXAMPLES).render({"subject": "Hi"})
    assert conversation == (
        Message("system", "You label mail about Hi."),
        Message("user", "Mail: Win"),
        Message("assistant", "spam"),
        Message("user", "Mail: Hi"),
    )


def test_the_bare_prompt_has_no_examples(tmp_path: Path) -> None:
    conversation = make(tmp_path, HEAD + EXAMPLES).render({"subject": "Hi"}, examples=False)
    assert [turn.role for turn in conversation] == ["system", "user"]


@given(value=st.text())
def test_row_data_are_values_never_template_source(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    template = make(tmp_path_factory.mktemp("t"), "name: t\nfields: [subject]\n")
    assert template.render({"subject": value})[-1].content == f"Mail: {value}"
    hostile = "{{ 7 * 7 }}{% for x in y %}" + value
    assert template.render({"subject": hostile})[-1].content == f"Mail: {hostile}"


@pytest.mark.parametrize(
    "body",
    [
        "{{ subject.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{% set _ = items.append(1) %}{{ subject }}",
        "{{ subject | attr('__class__') }}",
    ],
)
def test_the_sandbox_holds(tmp_path: Path, body: str) -> None:
    template = make(tmp_path, "name: t\nfields: [subject, items]\n", body)
    with pytest.raises(InputError, match="cannot be rendered"):
        template.render({"subject": "x", "items": [0]})


def test_a_missing_field_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'subject' is undefined"):
        make(tmp_path).render({})


def test_the_digest_covers_all_but_the_name(tmp_path: Path) -> None:
    first = make(tmp_path).digest
    assert make(tmp_path, HEAD.replace("name: t", "name: other")).digest == first
    assert make(tmp_path, HEAD + EXAMPLES).digest != first
    assert make(tmp_path, HEAD.replace("label", "sort")).digest != first
    assert make(tmp_path, HEAD, "Letter: {{ subject }}").digest != first


@pytest.mark.parametrize(
    ("head", "body", "message"),
    [
        ("name: t\nfields: [subject]\nsytem: x\n", "{{ subject }}", "sytem"),
        ("name: t\n", "x", "fields"),
        ("name: t\nfields: [subject]\n", "{{ sbject }}", "'sbject': is used but not declared"),
        ("name: t\nfields: [subject]\n", "{% if %}", "is not a template"),
        ("name: [t\nfields: [a]\n", "x", "t.md:3: front matter is not YAML"),
        ("name: 2024-13-01\nfields: [a]\n", "x", "front matter is not YAML: month must be in 1..12"),
        ("[" * 3000 + "\n", "x", "front matter is not YAML: maximum recursion depth"),
        (HEAD + "examples:\n  - {fields: {}, answer: spam}\n", "{{ subject }}", "example 1"),
    ],
)
def test_bad_templates_say_where(tmp_path: Path, head: str, body: str, message: str) -> None:
    with pytest.raises(InputError, match=r"t\.md") as caught:
        make(tmp_path, head, body)
    assert message in str(caught.value)


def test_no_front_matter_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "t.md"
    with pytest.raises(InputError, match="no such template"):
        load_template(path)
    path.write_text("just text")
    with pytest.raises(InputError, match="has no front matter"):
        load_template(path)
    path.write_bytes(b"---\nname: \xff\n---\n")
    with pytest.raises(InputError, match="is not UTF-8"):
        load_template(path)
    with pytest.raises(InputError, match=r"cannot be read: Is a directory\. Give a file beside the recipe"):
        load_template(tmp_path)


def test_a_file_beside_the_recipe_wins_over_the_library(tmp_path: Path) -> None:
    shipped: Any = find_template("spam", tmp_path)
    assert load_template(shipped).head.name == "spam"
    local = write(tmp_path, HEAD)
    assert find_template("t.md", tmp_path) == local
