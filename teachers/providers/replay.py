"""A teacher that repeats recorded replies."""

from __future__ import annotations

from teachers.provider import Provider

PROVIDER = Provider(
    name="replay",
    place=80,
    adapter="teachers.recorded.replay:ReplayTeacher",
    example="replay:replies.jsonl",
    repeats=True,
)
