"""Provider logs: every shape, what is counted and why, and that nothing crashes or fills the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.errors import InputError
from prompts.logs.read import Skipped, is_log, read_logs
from prompts.sources.load import load_logged
from tests.prompts.log_records import (
    anthropic_events,
    anthropic_input,
    completion,
    converse,
    converse_output,
    invocation,
    response,
    write_jsonl,
)
from tests.prompts.logs.make import LLAMA, reason

TOOL_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
IMAGE = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/data/x.png"}}}}


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ([1], "unknown_shape"),
        ({"text": "Why?"}, "unknown_shape"),
        (None, "not_json"),
        (completion("Why?", "So.", messages=None), "no_messages"),
        (completion("Why?", "So.", choices=[]), "no_choice"),
        (completion("Why?", None, choices=[{"message": CALLED, "finish_reason": "tool_calls"}]), "tool_use"),
        (completion("", "So.", messages=[{"role": "user", "content": "Why?"}, CALLED]), "tool_use"),
        (completion("", "So.", messages=[{"role": "tool", "content": "3"}]), "tool_use"),
        (completion("", "So.", messages=[{"role": "wizard", "content": "3"}]), "unknown_role"),
        (completion("", "So.", messages=[{"role": "assistant", "content": "Pre"}]), "no_user_turn"),
        (completion(" ", "So."), "empty_prompt"),
        (
            completion(
                "", "So.", messages=[{"role": "user", "content_parts": [{"type": "image_url", "image_url": {}}]}]
            ),
            "not_text",
        ),
        (completion("Why?", "So.", choices=3), "malformed_completion"),
        (response("Why?", "So.", previous_response_id="resp_0"), "earlier_turns_elsewhere"),
        (response("Why?", "So.", output=[{"type": "function_call", "name": "f"}]), "tool_use"),
        (invocation("Converse", {"messages": [{"role": "user", "content": [IMAGE]}]}, None), "not_text"),
        (invocation("Converse", {"messages": []}, converse_output([{"toolUse": {}}])), "tool_use"),
        (invocation("InvokeModel", anthropic_input("Why?"), anthropic_events("", stop="tool_use")), "tool_use"),
        (invocation("InvokeModel", {"inputText": "Why?"}, None), "unknown_family"),
        (invocation("InvokeModel", {"prompt": "\n\nHuman: Why?"}, {"completion": "So."}), "unknown_family"),
        (invocation("InvokeModel", None, None), "no_body"),
        (invocation("StartAsyncInvoke", {"modelInput": {}}, {}), "unknown_family"),
        (invocation("Converse", {}, None, errorCode="ThrottlingException"), "failed_call"),
        (converse("Why?", "So.") | {"timestamp": "yesterday"}, "malformed_bedrock"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_used_has_a_reason(tmp_path: Path, record: Any, name: str) -> None:
    assert reason(tmp_path, record) == name


def test_a_log_without_one_usable_record_is_an_error(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", [{"a": 1}, converse("", "")])
    with pytest.raises(InputError, match=r"2 records could not be used: 1 unknown_shape \(first: .*log.jsonl:1\)"):
        list(read_logs(path))
    with pytest.raises(InputError, match="holds no log"):
        list(read_logs(write_jsonl(tmp_path / "empty/log.jsonl", []).parent))
    with pytest.raises(InputError, match="no such file"):
        list(read_logs(tmp_path / "none"))


def test_a_log_is_told_from_rows(tmp_path: Path) -> None:
    assert is_log(write_jsonl(tmp_path / "log.jsonl", [completion("Why?", "So.", messages=None)]))
    assert not is_log(write_jsonl(tmp_path / "rows.jsonl", [{"text": "Why?", "label": "so"}]))
    (tmp_path / "rows.csv").write_text("text,label\nWhy?,so\n")
    assert not is_log(tmp_path / "rows.csv")


def test_prompts_from_a_log(tmp_path: Path) -> None:
    records = [converse("Why?", "So."), converse("Why?", "Other."), converse("How?", ""), {"a": 1}]
    path = write_jsonl(tmp_path / "log.jsonl", records)
    loaded = load_logged(path, gold=True)
    assert [(prompt.teacher_messages[-1].content, prompt.gold) for prompt in loaded.prompts] == [
        ("Why?", "So."),
        ("How?", None),
    ]
    assert all(prompt.student_messages == prompt.teacher_messages for prompt in loaded.prompts)
    assert (loaded.rows, loaded.merged) == (3, 1)
    assert "1 unknown_shape" in loaded.skipped
    assert [prompt.gold for prompt in load_logged(path, limit=2).prompts] == [None]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**18) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=9,
)
SEEDS = (
    completion("Why?", "So."),
    response("Why?", "So."),
    converse("Why?", "So.", system="Be brief."),
    invocation("InvokeModel", anthropic_input("Why?"), anthropic_events("So.")),
    invocation("InvokeModel", {"prompt": LLAMA}, [{"generation": "So."}]),
    {"messages": [{"role": "user", "content": "Why?"}]},
)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, inner in items for path in _paths(inner, (*at, key)))]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


@settings(deadline=None)  # it writes a file: how long that takes is the disk's
@given(data=st.data())
def test_no_record_crashes_the_reader(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any part of a true record replaced by any JSON: it is read or counted, and the next one is read."""
    record = data.draw(st.sampled_from(SEEDS))
    broken = _replaced(record, data.draw(st.sampled_from(_paths(record))), data.draw(JSON))
    path = write_jsonl(tmp_path_factory.getbasetemp() / "any.jsonl", [broken, converse("last", "one")])
    skipped = Skipped()
    calls = list(read_logs(path, skipped))
    assert calls[-1].messages[-1].content == "last"
    assert len(calls) - 1 + skipped.counts.total() >= 1
