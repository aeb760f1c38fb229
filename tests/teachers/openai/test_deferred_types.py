"""The SDK's types come when they are asked for, and are then all there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.faults import FaultServer

ROOT = Path(__file__).parents[3]

OPEN = """
import asyncio, sys
from prompts.messages import Message
from teachers.base import Request
from teachers.catalog import open_teacher

def answer():
    async def ask():
        teacher = open_teacher("openai:m@" + sys.argv[1])
        reply = await teacher.complete(Request(teacher.identity, (Message("user", "hello"),)))
        await teacher.close()
        return reply
    return asyncio.run(ask())

assert answer().text == "hello"
loaded = [name for name in sys.modules if name.startswith("openai.types.")]
"""


def run(code: str, url: str = "") -> None:
    subprocess.run([sys.executable, "-c", code, url], check=True, cwd=ROOT)


def test_an_answer_needs_few_of_them(faults: FaultServer) -> None:
    run(f"{OPEN}\nassert len(loaded) < 120, len(loaded)", faults.url)


@pytest.mark.parametrize(
    "use",
    [
        "import openai\nassert openai.types.Batch.__name__ == 'Batch'",
        "from openai.types import *\nassert Batch.__name__ == 'Batch'",
        "from openai.types import responses\nassert responses.Response.model_fields",
        "from openai.types.responses import Response\nassert Response.model_fields",
        "from openai.types.chat import ChatCompletion\nassert ChatCompletion.model_fields",
        "import openai.types.shared.reasoning_effort as r\nassert r.ReasoningEffort",
        "import openai\nassert 'Batch' in dir(openai.types) and not hasattr(openai.types, 'Nothing')",
        "import inspect, openai\nassert 'Batch' in inspect.getsource(openai.types)",
        "import sys\nassert not any(type(finder).__name__ == '_TypesFinder' for finder in sys.meta_path)",
    ],
)
def test_all_of_them_are_there_for_whoever_asks(use: str, faults: FaultServer) -> None:
    run(f"{OPEN}\n{use}", faults.url)


def test_the_sdks_own_calls_work_beside(faults: FaultServer) -> None:
    use = """
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1], api_key="x")
said = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "aloud"}])
assert said.choices[0].message.content == "aloud", said
assert type(said).__module__ == "openai.types.chat.chat_completion"
client.close()
"""
    run(f"{OPEN}\n{use}", faults.url)


def test_an_sdk_that_is_there_already_stays_as_it_is(faults: FaultServer) -> None:
    run(f"import openai, sys\nbefore = dict(sys.modules)\n{OPEN}\nassert set(loaded) <= set(before)", faults.url)
