"""The README of an export: what it is, how to run it, what it scored."""

from __future__ import annotations

from pathlib import Path

from pipeline.run.evaluation.contestants import ExportResult
from pipeline.run.exports import README, Export
from pipeline.run.files import write_text

RUN = {
    "gguf": "    llama-server -m model.gguf",
    "onnx": "    import onnxruntime_genai\n    model = onnxruntime_genai.Model('THIS DIRECTORY')",
    "huggingface": "    from transformers import pipeline\n    student = pipeline('text-generation', 'THIS DIRECTORY')",
}
TEXT = """\
# {name}

An export of the student in `../../student`, whose README.md says what it was made from and under whose terms.

{score}

- weights: {size:.1f} MB
- written with {versions}

## Run it

{run}

or from stillhouse, wherever a teacher is named: `{provider}:{where}`

## Files, by sha256

{files}
"""


def write_readme(folder: Path, export: Export, result: ExportResult | None, rows: int) -> None:
    """Writes it; `result` is the export's part of evaluation.json, None before it was scored."""
    provider = export.spec.partition(":")[0]
    text = TEXT.format(
        name=export.name,
        score=_score(result, rows),
        size=(export.bytes or 0) / 1e6,
        versions=", ".join(f"{name} {version}" for name, version in export.versions.items()),
        run=RUN[provider],
        provider=provider,
        where="PATH/TO/model.gguf" if provider == "gguf" else "PATH/TO/THIS/DIRECTORY",
        files="\n".join(f"- `{name}`: {value}" for name, value in export.digests.items()),
    )
    write_text(folder / README, text)


def _score(result: ExportResult | None, rows: int) -> str:
    if result is None:
        return "It has not been scored yet."
    if result.failed is not None:
        return f"It could not be scored: {result.failed}"
    score = None
    if result.summary is not None:
        score = result.summary.score
    if score is None or score.interval is None:
        return f"It was asked {rows} held-out rows, without anything to score against."
    low, high = score.interval
    return f"It scores {score.value:.3f} on {rows} held-out rows (95 % interval {low:.3f} to {high:.3f})."
