"""A template's file in its two parts, before Jinja looks at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import InputError
from prompts.template_source import LIBRARY, find_template, read_template

HEAD = "---\nname: t\nfields: [subject]\n---\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "t.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_two_parts_are_read_and_a_rule_in_the_body_stays(tmp_path: Path) -> None:
    source = read_template(write(tmp_path, f"{HEAD}\n{{{{ subject }}}}\n---\nthe end\n"))
    assert (source.head.name, source.head.fields, source.head.system) == ("t", ["subject"], None)
    assert source.body == "{{ subject }}\n---\nthe end"


def test_the_digest_is_of_all_that_changes_the_conversation(tmp_path: Path) -> None:
    digest = read_template(write(tmp_path, HEAD + "a")).digest
    assert read_template(write(tmp_path, HEAD.replace("name: t", "name: other") + "\na\n")).digest == digest
    assert read_template(write(tmp_path, HEAD + "b")).digest != digest
    assert read_template(write(tmp_path, HEAD.replace("name: t", "name: t\nsystem: s") + "a")).digest != digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: t", r"t\.md:1: has no front matter"),
        ("---\nname: t\n", r"t\.md:1: has no front matter"),
        ("---\nname: [\n---\n", r"t\.md:\d: front matter is not YAML"),
        ("---\nname: t\n---\n", r"t\.md: field 'fields': Field required.*takes name, fields, system, examples"),
        ("---\nname: t\nfields: []\ncolour: red\n---\n", r"t\.md: field 'colour'"),
    ],
)
def test_a_wrong_head_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_template(write(tmp_path, text))


def test_what_is_not_there_is_told_the_librarys_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such template.*one of the library: .*spam"):
        read_template(tmp_path / "none.md")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_template(tmp_path)


def test_a_file_beside_the_recipe_goes_before_the_librarys(tmp_path: Path) -> None:
    assert find_template("spam", tmp_path) == find_template("spam.md", tmp_path) == LIBRARY / "spam.md"
    beside = tmp_path / "spam"
    beside.write_text(HEAD)
    assert find_template("spam", tmp_path) == beside
    assert find_template("mine.md", tmp_path) == tmp_path / "mine.md"
