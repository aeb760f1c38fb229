"""TRL's conversational prompt and completion, which its SFTTrainer masks by itself.

https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from typing import Any

from pipeline.dataset.format import ExportFormat
from prompts.messages import Conversation, to_dicts


def record(prompt: Conversation, completion: Conversation) -> dict[str, Any]:
    """Makes a line: loss is on the completion alone."""
    return {"prompt": to_dicts(prompt), "completion": to_dicts(completion)}


FORMAT = ExportFormat("trl", record, place=2)
