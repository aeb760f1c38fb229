"""A transformers model in this process: a student, or an open teacher whose whole distribution is wanted."""

from __future__ import annotations

from teachers.provider import Provider

PROVIDER = Provider(
    name="huggingface",
    place=50,
    adapter="teachers.local.huggingface:HuggingFaceTeacher",
    example="huggingface:runs/quickstart/student",
    extra="train",
    imports=("torch", "transformers"),
    weights="teachers.local.huggingface_files:find_folder",
)
