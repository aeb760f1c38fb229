"""The model card of a real, small student: what it says of its teachers, and that it can be said again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from prompts.digest import digest_file
from students.card.facts import CardFacts, Helper, Override, Provenance, TeacherRows, read_facts
from students.card.write import model_card, write_card
from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
from students.result import TrainResult
from tests.students.samples import SCHEMA, corpus_rows

TEACHER = pa.struct([("provider", pa.string()), ("model", pa.string()), ("terms", pa.string())])
CLAUDE = {"provider": "anthropic", "model": "claude-sonnet-4-5", "terms": "No competing models (https://a.example)"}
LOCAL = {"provider": "huggingface", "model": "owner/name", "terms": None}
OVERRIDE = Override("anthropic", "No competing models (https://a.example)")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 rows of the train split by Claude, 4 by a local model; held-out rows by a third teacher."""
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(corpus_rows(20)):
        row["teacher"] = CLAUDE if number < 12 else LOCAL
        if number >= 16:
            row |= {"split": "heldout", "teacher": {"provider": "openai", "model": "gpt-4.1", "terms": "Other"}}
        rows.append(row)
    path = tmp_path_factory.mktemp("taught") / "kept.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA.append(pa.field("teacher", TEACHER))), path)
    return path


@pytest.fixture(scope="module")
def trained(config: StudentConfig, taught: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainResult]:
    place = tmp_path_factory.mktemp("trained")
    said = Provenance("general", (OVERRIDE,), ('Its name must begin with "Llama".',))
    out = place / "student"
    result = train(Job(config, corpus=taught, base=config.base, out=out, work=place / "work"), provenance=said)
    return out, result


def test_a_trained_student_names_its_teachers_and_their_terms(trained: tuple[Path, TrainResult]) -> None:
    card = (trained[0] / "README.md").read_text()
    assert (
        "- `anthropic:claude-sonnet-4-5`, 12 rows of the train split: No competing models (https://a.example)" in card
    )
    assert "- `huggingface:owner/name`, 4 rows of the train split: no rule" in card
    assert "gpt-4.1" not in card  # it taught none of the rows


def test_overrides_and_notices_stand_above_all_else(trained: tuple[Path, TrainResult]) -> None:
    card = (trained[0] / "README.md").read_text()
    override = card.index("**Terms overridden by the user: anthropic: No competing models (https://a.example)**")
    notice = card.index('**Its name must begin with "Llama".**')
    assert override < notice < card.index("Made for: general.") < card.index("## Teachers") < card.index("## Scores")


def test_another_purpose_rewrites_the_card_and_no_weight(
    trained: tuple[Path, TrainResult], config: StudentConfig, taught: Path
) -> None:
    student, result = trained
    weights = digest_file(student / "model.safetensors")
    before = (student / "README.md").read_text()
    write_card(student, read_facts(config, taught, result, Provenance("task")))
    card = (student / "README.md").read_text()
    assert "Made for: task." in card
    assert "overridden" not in card
    assert digest_file(student / "model.safetensors") == weights
    changed = set(before.splitlines()) ^ set(card.splitlines())
    # The size was weighed before the first card was in the directory.
    assert all(any(word in line for word in ("Made for", "overridden", "Llama", "bytes")) for line in changed if line)
    assert not list(student.glob(".*"))


def test_who_only_helped_is_named_too(config: StudentConfig, result: TrainResult) -> None:
    helpers = (
        Helper("judge", "openai", "gpt-4.1", "No competing models"),
        Helper("rescorer", "huggingface", "m", None),
    )
    card = model_card(CardFacts(config, "digest", result, provenance=Provenance("task", helpers=helpers)))
    assert "- `openai:gpt-4.1`, judge: No competing models" in card
    assert "- `huggingface:m`, rescorer: no rule" in card


def test_recorded_text_cannot_write_the_card(config: StudentConfig, result: TrainResult) -> None:
    evil = TeacherRows("replay", "x`\n# Licence: MIT\n", "a\n\n## Approved <script>alert(1)</script>", 1)
    card = model_card(CardFacts(config, "digest", result, (evil,)))
    headings = [line for line in card.splitlines() if line.startswith("#")]
    assert not any("Licence" in line or "Approved" in line for line in headings)
    assert "<script>" not in card


def test_the_front_matter_is_the_hubs(config: StudentConfig, result: TrainResult) -> None:
    card = model_card(CardFacts(config, "digest", result))
    head = yaml.safe_load(card.split("---\n")[1])
    assert head == {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["stillhouse", "sft"],
    }
