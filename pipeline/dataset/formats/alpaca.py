"""Alpaca's instructions, with `system` and `history` as LLaMA-Factory adds them.

`input` stays empty: a rendered prompt is one text, and readers join the two again. `history` holds the earlier
turns in pairs; LLaMA-Factory trains on their answers too unless `mask_history` is set.
https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md
"""

from __future__ import annotations

from typing import Any

from pipeline.dataset.dialogue import answer, dialogue
from pipeline.dataset.format import ExportFormat
from prompts.messages import Conversation


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """Makes a line."""
    parts = dialogue(prompt)
    *earlier, last = [turn.content for turn in parts.turns]
    # dialogue() has seen to it that the earlier turns come in pairs.
    pairs = zip(earlier[::2], earlier[1::2], strict=True)
    return {
        "instruction": last,
        "input": "",
        "output": answer(completion).content,
        "system": parts.system,
        "history": [list(pair) for pair in pairs],
    }


FORMAT = ExportFormat("alpaca", record, place=4)
