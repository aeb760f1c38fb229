"""OpenAI's fine-tuning chats, by OpenAI's rules and as a log."""

from __future__ import annotations

from pathlib import Path

from pipeline.dataset.export import export_run
from prompts.logs.read import read_logs
from prompts.messages import from_dicts
from tests.pipeline.dataset.make import LONG, lines, user


def test_openai_chat_keeps_openais_rules(run: Path) -> None:
    """https://platform.openai.com/docs/guides/supervised-fine-tuning"""
    done = export_run(run, "openai-chat")
    for line in lines(done):
        assert set(line) == {"messages"}
        assert {message["role"] for message in line["messages"]} <= {"system", "user", "assistant"}
        assert all(isinstance(message["content"], str) and message["content"] for message in line["messages"])
        assert all(set(message) == {"role", "content"} for message in line["messages"])
        assert line["messages"][-1]["role"] == "assistant"
    assert done["remarks"] == ["OpenAI starts no job with fewer than 10 examples"]


def test_openai_chat_comes_back_as_a_log(run: Path) -> None:
    calls = list(read_logs(Path(export_run(run, "openai-chat")["path"])))
    assert [(call.messages, call.reply) for call in calls] == [
        (from_dicts([user("Why?")]), "to Why?"),
        (from_dicts(LONG), 'to Say "né"\n🌱'),
    ]
