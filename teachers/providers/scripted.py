"""A teacher that says what a file says: for tests and dry runs."""

from __future__ import annotations

from teachers.provider import Provider

PROVIDER = Provider(
    name="scripted",
    place=70,
    adapter="teachers.recorded.scripted:ScriptedTeacher",
    example="scripted:rules.jsonl",
)
