"""A run's numbers for the tests of this folder, in the shapes of evaluation.json and manifest.json."""

from __future__ import annotations

from typing import Any

from pipeline.evaluate.compare import compare
from pipeline.evaluate.contestants import Answer, Contestant, Row, teacher_contestants
from pipeline.evaluate.scorers import scorer_for
from pipeline.evaluate.size import Size
from pipeline.recipe import Evaluate
from prompts.messages import Message

CONFIG = Evaluate(scorer="label", labels=["spam", "ham"], resamples=300)
RECIPE = "name: quickstart\nteacher: gguf:smollm2-135m\n"
FLIPPED = {"spam": "ham", "ham": "spam"}


def evaluation(text: str = "Subject: hello. Buy now!", student: str | None = None) -> dict[str, Any]:
    """150 rows; the student is right on seven of eight, the calibrated teacher on three of four."""
    rows = [_row(index, text) for index in range(150)]
    everyone = [
        *teacher_contestants(rows, "gguf:smollm2-135m", scorer_for(CONFIG), size=Size(134_515_008, 98_000_000)),
        Contestant("base", "huggingface:base", _answers(rows, 2, None), Size(134_515_008, 269_000_000)),
        Contestant("student", "huggingface:student", _answers(rows, 8, student), Size(62_700_000, 125_000_000)),
    ]
    return compare(rows, everyone, CONFIG, {"duplicate": 2})


def manifest() -> dict[str, Any]:
    seconds = {"generate": 181.2, "curate": 0.42, "train": 207.9, "evaluate": 31.4}
    counts: dict[str, dict[str, Any]] = {
        "generate": {"rows": 802, "prompts": 800, "outcomes": {"ok": 797, "transient": 3}, "cost_usd": None},
        "curate": {
            "samples": 800, "kept": 780, "train": 630, "heldout": 150, "failed": {"transient": 3},
            "dropped": {"format": {"not_a_choice": 5}, "exact": {"exact_duplicate": 12}},
        },
        "train": {"rows": 567, "steps": 142, "train_loss": 0.2113, "validation_loss": 0.3127, "parameters": 62_700_000},
        "evaluate": {},
    }  # fmt: skip
    stages = {
        name: {
            "fingerprint": "3f9a" * 8,
            "status": "done",
            "seconds": took,
            "counts": counts[name],
            "versions": {"torch": "2.13.0", "trl": "1.16.0"},
        }
        for name, took in seconds.items()
    }
    return {"name": "quickstart", "stages": stages}


def _row(index: int, text: str) -> Row:
    gold = ("spam", "ham")[index % 2]
    asked = (Message("system", "Say spam or ham."), Message("user", f"{text} ({index})"))
    reply = Answer("spam", "ok", 402, 1, 1.92, (0.8 if gold == "spam" else -0.3) + index % 5 / 2)
    return Row(f"{index:032x}", gold, asked, asked, reply, gold if index % 4 else FLIPPED[gold])


def _answers(rows: list[Row], wrong_every: int, text: str | None) -> tuple[Answer, ...]:
    said = [FLIPPED[row.gold] if index % wrong_every == 0 else row.gold for index, row in enumerate(rows)]
    odds = [2.5 if answer == "spam" else -2.0 for answer in said]
    return tuple(
        Answer(answer if text is None else text, "ok", 61, 1, 0.088, log_odds)
        for answer, log_odds in zip(said, odds, strict=True)
    )
