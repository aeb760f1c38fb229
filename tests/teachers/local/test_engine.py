"""What happens when a forward pass fails: the engine on a real decoder whose memory, or model, gives out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from teachers.base import Reply, Teacher
from teachers.errors import InvalidRequest
from tests.teachers.contract import ask, with_teacher

ROOT = Path(__file__).parents[3]

SCRIPT = """
import resource, sys
import torch
from prompts.messages import Message
from teachers.base import Identity, Request, Sampling
from teachers.local.batching import Ticket
from teachers.local.decoding import open_decoder
from teachers.local.engine import Engine
from teachers.local.huggingface import Admission
from teachers.local.huggingface_files import load, stop_ids

torch.set_num_threads(1)
path, spare_mb, *lengths = sys.argv[1:]
words = ["pear", "fish", "moon", "tree", "bird", "milk", "road", "snow"]
tokenizer, model = load(path)
admission = Admission(tokenizer, context=2048, stops=stop_ids(tokenizer, model))
engine = Engine(open_decoder(model, 8), admission, rows=8, share_prefix=True)

def answer(*texts):
    how, who = Sampling(temperature=0, max_tokens=2), Identity("huggingface", path)
    tickets = [Ticket(Request(who, (Message("user", text),), how)) for text in texts]
    engine.join(tickets)
    while engine.busy:
        engine.step()
        engine.join([])
    return [ticket.future.exception() or ticket.future.result() for ticket in tickets]

answer("what is loaded late is loaded now")
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(spare_mb) * 2**20, resource.RLIM_INFINITY))
for reply in answer(*(f"{word} " * int(length) for word, length in zip(words, lengths))):
    print(type(reply).__name__, getattr(reply, "text", reply))
print("at once", engine.room)
"""


def answer_within(path: str, spare_mb: int, *lengths: int) -> list[str]:
    """One line a reply, in a process that may use only so much more memory than its model."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, path, str(spare_mb), *map(str, lengths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.fixture(scope="module")
def wide(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One layer that needs some 0.4 MB for each token of a forward pass."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 32768, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id, **shape)
    path = tmp_path_factory.mktemp("wide")
    LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return str(path)


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a limit on a process's memory")


@linux_only
def test_a_batch_that_does_not_fit_the_memory_is_answered_one_by_one(wide: str) -> None:
    *replies, size = answer_within(wide, 250, *[200] * 8)
    assert len(set(replies)) > 2  # different prompts, and different answers
    assert replies == answer_within(wide, 8000, *[200] * 8)[:8]
    assert size == "at once 4"


@linux_only
def test_one_that_does_not_fit_the_memory_fails_alone(wide: str) -> None:
    *replies, long, size = answer_within(wide, 250, *[60] * 4, 1500)
    assert all(reply.startswith("Reply") for reply in replies)
    assert long.startswith("InvalidRequest huggingface: 15")
    assert "tokens could not be decoded" in long
    assert size == "at once 8"  # the batch was not at fault


def test_numbers_that_are_none_fail_their_row_and_leave_the_slot_clean(wide: str, tmp_path: Path) -> None:
    """One token's embedding is no number: whoever says it fails, and who comes after in its slot does not."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(wide), AutoTokenizer.from_pretrained(wide)
    (poison,) = tokenizer(" poison", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        model.model.embed_tokens.weight[poison] = torch.nan
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)

    async def use(teacher: Teacher) -> list[Reply | BaseException]:
        poisoned = await asyncio.gather(ask(teacher, "tree " * 60 + "and poison"), return_exceptions=True)
        # The short one takes the poisoned slot, and the long one makes it read as far as the poison.
        return [*poisoned, *await asyncio.gather(ask(teacher, "pear"), ask(teacher, "fish " * 90))]

    refused, *replies = with_teacher(f"huggingface:{tmp_path}", use)
    assert isinstance(refused, InvalidRequest)
    assert "not numbers" in str(refused)
    assert [type(reply) for reply in replies] == [Reply, Reply]
