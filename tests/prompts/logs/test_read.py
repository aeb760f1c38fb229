"""Provider logs: every shape, what is counted and why, and that nothing crashes or fills the memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.errors import InputError
from prompts.logs.files import MAX_LINE_BYTES
from prompts.logs.logged import Counted, Logged, Sampled
from prompts.logs.read import Skipped, is_log, read_logs
from prompts.messages import Message
from prompts.sources.load import load_logged
from tests.prompts.log_records import (
    ANTHROPIC,
    HOUR,
    anthropic_events,
    anthropic_input,
    completion,
    converse,
    converse_output,
    invocation,
    response,
    write_jsonl,
)

LLAMA = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)
BRIEF = (Message("system", "Be brief."), Message("user", "Why?"))
WHY = (Message("user", "Why?"),)


def one(tmp_path: Path, record: Any) -> Logged:
    (call,) = read_logs(write_jsonl(tmp_path / "log.jsonl", [record]))
    return call


def reason(tmp_path: Path, record: Any) -> str:
    """Why a record was skipped, beside one that was not."""
    skipped = Skipped()
    assert len(list(read_logs(write_jsonl(tmp_path / "log.jsonl", [record, converse("a", "b")]), skipped))) == 1
    ((name, count),) = skipped.counts.items()
    assert count == 1
    assert skipped.first[name].endswith("log.jsonl:1")
    return name


def chunks(*texts: str) -> list[dict[str, Any]]:
    deltas = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in texts]
    return [*deltas, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]


def nova_events(*texts: str) -> list[dict[str, Any]]:
    deltas = [{"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}} for text in texts]
    return [
        {"messageStart": {"role": "assistant"}},
        *deltas,
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2}}},
    ]


def test_converse_is_read_whole(tmp_path: Path) -> None:
    assert one(tmp_path, converse("Why?", "So.", system="Be brief.")) == Logged(
        messages=BRIEF,
        reply="So.",
        finish_reason="end_turn",
        provider="bedrock",
        model="amazon.nova-lite-v1:0",
        usage=Counted(input_tokens=124, cached_tokens=100, output_tokens=38, cache_write_tokens=20),
        sampling=Sampled(0.7, 0.9, 512),
        created_at=datetime(2026, 11, 20, 7, 2, 3, tzinfo=UTC),
        request_id="ff4b6c63-5561-4431-93b8-06a817275900",
        where=f"{tmp_path / 'log.jsonl'}:1",
    )


def test_a_stored_completion_is_read_whole(tmp_path: Path) -> None:
    assert one(tmp_path, completion("Why?", "So.")) == Logged(
        messages=WHY,
        reply="So.",
        finish_reason="stop",
        provider="openai",
        model="gpt-4.1-2025-04-14",
        usage=Counted(input_tokens=13, output_tokens=18),
        sampling=Sampled(0.5, 1.0, None, 11),
        created_at=datetime(2025, 11, 20, 7, 2, 3, tzinfo=UTC),
        request_id="chatcmpl-1",
        where=f"{tmp_path / 'log.jsonl'}:1",
    )


def test_a_stored_response_is_read_whole(tmp_path: Path) -> None:
    call = one(tmp_path, response("Why?", "So."))
    assert (call.messages, call.reply, call.finish_reason) == (BRIEF, "So.", "completed")
    assert (call.provider, call.model, call.request_id) == ("openai", "gpt-5.4", "resp_1")
    assert call.usage == Counted(36, 16, 87, 64, 0)


@pytest.mark.parametrize(
    ("sent", "said", "messages"),
    [
        (anthropic_input("Why?"), {"content": [{"type": "text", "text": "So."}], "stop_reason": "end_turn"}, BRIEF),
        (anthropic_input("Why?"), anthropic_events("S", "o", "."), BRIEF),
        ({"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}, converse_output([{"text": "So."}]), WHY),
        ({"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}, nova_events("S", "o."), WHY),
        ({"prompt": LLAMA, "max_gen_len": 9}, {"generation": "So.", "stop_reason": "stop"}, BRIEF),
        ({"prompt": LLAMA}, [{"generation": "S"}, {"generation": "o.", "stop_reason": "stop"}], BRIEF),
        ({"prompt": "Why?"}, {"generation": "So.", "stop_reason": "stop"}, WHY),
        ({"prompt": "<s>[INST] Why? [/INST]"}, {"outputs": [{"text": "So.", "stop_reason": "stop"}]}, WHY),
        ({"prompt": "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWhy? [/INST]"}, {"generation": "So."}, BRIEF),
        ({"prompt": "<s>[INST] Why? [/INST]"}, [{"outputs": [{"text": "So."}]}], WHY),
        ({"messages": [{"role": "user", "content": "Why?"}]}, chunks("S", "o."), WHY),
        (
            {"messages": [{"role": "user", "content": "Why?"}]},
            {"choices": [{"index": 0, "message": {"role": "assistant", "content": "So."}, "stop_reason": "stop"}]},
            WHY,
        ),
    ],
    ids=lambda value: "",
)
def test_the_families_of_invoke_model(tmp_path: Path, sent: Any, said: Any, messages: Any) -> None:
    call = one(tmp_path, invocation("InvokeModelWithResponseStream", sent, said))
    assert (call.messages, call.reply, call.ended) == (messages, "So.", "ok")


def test_earlier_turns_are_kept_in_a_prompt_string(tmp_path: Path) -> None:
    sent = {"prompt": "<s>[INST] Why? [/INST] So.</s>[INST] Why so? [/INST]"}
    call = one(tmp_path, invocation("InvokeModel", sent, {"outputs": [{"text": "It is."}]}))
    assert [(turn.role, turn.content) for turn in call.messages] == [
        ("user", "Why?"),
        ("assistant", "So."),
        ("user", "Why so?"),
    ]


def test_a_body_may_be_a_string_and_an_arn_loses_its_account(tmp_path: Path) -> None:
    sent, said = json.dumps(anthropic_input("Why?")), json.dumps(anthropic_events("So."))
    call = one(tmp_path, invocation("InvokeModelWithResponseStream", sent, said, ANTHROPIC))
    assert (call.messages, call.reply, call.model) == (BRIEF, "So.", "us.anthropic.claude-sonnet-4-5-v1:0")
    profile = f"{ANTHROPIC.rsplit(':', 3)[0]}:111122223333:application-inference-profile/abc"
    call = one(tmp_path, invocation("InvokeModelWithResponseStream", sent, said, profile))
    assert call.model == "claude-sonnet-4-5"


@pytest.mark.parametrize(
    ("record", "ended", "reply"),
    [
        (converse("Why?", "So", stop="max_tokens"), "truncated", "So"),
        (converse("Why?", "So", stop="model_context_window_exceeded"), "truncated", "So"),
        (converse("Why?", "", stop="guardrail_intervened"), "filtered", ""),
        (converse("Why?", ""), "ok", None),
        (invocation("InvokeModel", anthropic_input("Why?"), anthropic_events("No", stop="refusal")), "refused", "No"),
        (invocation("Converse", {"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}, None), "ok", None),
        (response("Why?", "So", incomplete_details={"reason": "max_output_tokens"}), "truncated", "So"),
        (
            completion("Why?", None, choices=[{"message": {"refusal": "No."}, "finish_reason": "stop"}]),
            "refused",
            "No.",
        ),
    ],
)
def test_how_an_answer_ended(tmp_path: Path, record: Any, ended: str, reply: str | None) -> None:
    call = one(tmp_path, record)
    assert (call.ended, call.reply) == (ended, reply)


def test_thoughts_and_marks_are_no_part_of_what_was_said(tmp_path: Path) -> None:
    guarded = {"guardContent": {"text": {"text": "Why?", "qualifiers": ["query"]}}}
    sent = {"messages": [{"role": "user", "content": [guarded, {"cachePoint": {"type": "default"}}]}]}
    thought = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "x"}}}
    call = one(tmp_path, invocation("Converse", sent, converse_output([thought, {"text": "So."}])))
    assert (call.messages, call.reply) == (WHY, "So.")
    said = [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "So."}]
    call = one(
        tmp_path, invocation("InvokeModel", anthropic_input("Why?"), {"content": said, "stop_reason": "end_turn"})
    )
    assert call.reply == "So."


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


def test_a_fine_tuning_chats_last_turn_is_its_reply(tmp_path: Path) -> None:
    turns = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    call = one(tmp_path, {"messages": [*turns, {"role": "assistant", "content": "So."}]})
    assert (call.messages, call.reply, call.provider) == (BRIEF, "So.", None)
    assert one(tmp_path, {"messages": turns}).reply is None


def test_every_choice_is_a_call_and_a_stored_reply_is_no_prompt(tmp_path: Path) -> None:
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in ("So.", "Because.")]
    said = {"role": "assistant", "content": "So."}
    record = completion("", "", choices=choices, messages=[{"role": "user", "content": "Why?"}, said])
    calls = list(read_logs(write_jsonl(tmp_path / "log.jsonl", [record])))
    assert [(call.messages, call.reply) for call in calls] == [(WHY, "So."), (WHY, "Because.")]


def test_a_folder_is_walked_in_order_and_large_bodies_are_found(tmp_path: Path) -> None:
    stem, hour = "20261120T070000000Z_1", tmp_path / HOUR
    large = converse("", "")
    large["input"] = {"inputBodyS3Path": f"s3://bucket/{HOUR}/data/r1_input.json.gz", "inputTokenCount": 9}
    body = {"messages": [{"role": "user", "content": [{"text": "large"}]}]}
    write_jsonl(hour / "data/r1_input.json.gz", [body], packed=True)
    gone = converse("", "") | {"input": {"inputBodyS3Path": f"s3://bucket/{HOUR}/data/r2_input.json.gz"}}
    write_jsonl(hour / f"{stem}.json.gz", [large, gone, converse("second", "b")], packed=True)
    write_jsonl(hour.with_name("06") / f"{stem}.json.gz", [converse("first", "a")], packed=True)
    (tmp_path / f"AWSLogs/{'111122223333'}/BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check").touch()
    write_jsonl(hour / f"._{stem}.json.gz", [converse("a Mac's own file", "b")])
    skipped = Skipped()
    calls = list(read_logs(tmp_path, skipped))
    assert [call.messages[-1].content for call in calls] == ["first", "large", "second"]
    assert skipped.counts == {"body_not_here": 1}
    assert skipped.first["body_not_here"].endswith(f"{stem}.json.gz:2")


def test_gzip_is_known_by_its_bytes_and_a_torn_one_keeps_what_came_before(tmp_path: Path) -> None:
    lines = [json.dumps(converse(f"question {number}", "a" * 50)) for number in range(2000)]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "log.json").write_bytes(packed[: len(packed) // 2])
    skipped = Skipped()
    calls = list(read_logs(tmp_path, skipped))
    assert 0 < len(calls) < 2000
    assert skipped.counts["torn_gzip"] == 1
    assert f"1 torn_gzip (first: {tmp_path / 'log.json'}:" in str(skipped)


def test_a_byte_order_mark_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(converse("Why?", "So.")).encode() + b"\r\n\r\n")
    assert [call.where for call in read_logs(path)] == [f"{path}:1"]


def test_a_gzip_bomb_is_one_line_too_long(tmp_path: Path) -> None:
    """400 MB in one line: counted, the next line is read, and the memory stays near one line's bound."""
    with gzip.open(tmp_path / "log.json.gz", "wb", compresslevel=1) as file:
        for _ in range(400):
            file.write(b" " * 2**20)
        file.write(b"\n" + json.dumps(converse("Why?", "So.")).encode() + b"\n")
    skipped = Skipped()
    tracemalloc.start()
    calls = list(read_logs(tmp_path / "log.json.gz", skipped))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [call.reply for call in calls] == ["So."]
    assert skipped.counts == {"line_too_long": 1}
    assert peak < 3 * MAX_LINE_BYTES


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
