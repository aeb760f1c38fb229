"""A GGUF model in this process, by llama.cpp."""

from __future__ import annotations

from teachers.provider import Provider

PROVIDER = Provider(
    name="gguf",
    place=40,
    adapter="teachers.local.gguf:GgufTeacher",
    example="gguf:smollm2-135m",
    extra="gguf",
    imports=("xllamacpp",),
    weights="teachers.local.gguf:find_model",
)
