"""Evaluation texts as files hold them, and the shares of them that samples repeat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.curate.evaluation_texts import HELDOUT, read_evaluations, shares_repeated
from prompts.errors import InputError
from tests.pipeline.curate.make import sample
from tests.pipeline.helpers import ROOT

MAILS = [json.loads(line)["body"] for line in (ROOT / "data" / "spam_assassin.jsonl").read_bytes().splitlines()]


def test_every_text_of_a_row_is_read_with_its_source_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeffFirst row\nsecond, row", encoding="utf-8")
    rows = [{"q": "Why?", "choices": ["so", {"text": "Not so"}], "n": 3}] * 2 + [{"q": "else"}]
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    texts = read_evaluations([tmp_path / "a.txt", tmp_path / "b.jsonl"])
    assert [(text.source - HELDOUT, text.row, text.words.decode().split()) for text in texts] == [
        (1, 1, ["first", "row"]),
        (1, 2, ["second", "row"]),
        (2, 1, ["why"]),
        (2, 1, ["so"]),
        (2, 1, ["not", "so"]),
        (2, 3, ["else"]),  # the second row says what the first did
    ]
    assert not any(text.bounded for text in texts)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_bytes(b"fine\n\xff\n")
    with pytest.raises(InputError, match=r"rows\.txt:2: is not UTF-8"):
        read_evaluations([tmp_path / "rows.txt"])


def test_a_mail_that_is_held_out_is_repeated_whole_or_in_part_or_not_at_all() -> None:
    heldout, other = MAILS[0], MAILS[1]
    words = heldout.split()
    samples = [
        sample(heldout, split="heldout", prompt_id="h"),
        sample(f"Look: {heldout}", prompt_id="whole"),
        sample("Look", " ".join(words[: len(words) * 3 // 4]), prompt_id="part"),
        sample(other, prompt_id="other"),
    ]
    held, whole, part, none = shares_repeated(samples, overlap=0.4, heldout=True, against=[])
    assert (held, whole, none) == (0.0, 1.0, 0.0)
    assert 0.5 < part < 1
    assert shares_repeated(samples, overlap=0.4, heldout=False, against=[]) == [0.0] * 4
    assert shares_repeated(samples, overlap=0.99, heldout=True, against=[])[2] == 0.0
