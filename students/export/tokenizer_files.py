"""The files of a tokenizer beside an export."""

from __future__ import annotations

import shutil
from pathlib import Path

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


def copy_tokenizer(student: Path, out: Path) -> None:
    """Copies the student's own tokenizer and chat template, byte for byte, over what a converter may have left."""
    for name in TOKENIZER_FILES:
        if (student / name).is_file():
            shutil.copyfile(student / name, out / name)
