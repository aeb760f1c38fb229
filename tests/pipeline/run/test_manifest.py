"""Manifests of other versions and of nobody are read whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.run.counts import CurateCounts, EvaluateCounts, FunnelStep, GenerateCounts, ReviewCounts, TrainCounts
from pipeline.run.errors import RunError
from pipeline.run.manifest import Manifest

WHOLE = Path(__file__).with_name("whole_manifest.json")
"""Of a run of all stages by the version before counts had records; one sample was rejected in review."""

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.json"


def load(path: Path, text: str | None = None) -> Manifest:
    path.write_text(WHOLE.read_text() if text is None else text)
    manifest = Manifest.load(path)
    assert manifest is not None
    return manifest


def changed(path: Path, change: Change) -> Manifest:
    body = json.loads(WHOLE.read_text())
    change(body["stages"])
    return load(path, json.dumps(body))


def test_an_earlier_versions_manifest_is_read_and_written_back_byte_for_byte(path: Path) -> None:
    manifest = load(path)
    assert not manifest.misfits
    manifest.begin("bakeoff", "")  # any change writes all of it
    del manifest.stages["bakeoff"]
    manifest._save()
    assert path.read_bytes() == WHOLE.read_bytes()


def test_counts_have_types(path: Path) -> None:
    manifest = load(path)
    generated, curated = manifest.counts(GenerateCounts), manifest.counts(CurateCounts)
    assert generated is not None
    assert (generated.outcomes, generated.accepted) == ({"ok": 30}, 30)
    assert curated is not None
    assert curated.funnel[0] == FunnelStep("review", entered=30, left=29, reasons={"rejected": 1})
    assert curated.review == ReviewCounts(reviewed=1, contested=0, obeyed="7189280508d7207459866a919dd7c114")
    trained, evaluated = manifest.counts(TrainCounts), manifest.counts(EvaluateCounts)
    assert trained is not None
    assert (trained.steps, trained.resumed_from) == (16, None)
    assert evaluated is not None
    assert evaluated.scores["gguf-f16"] == 0.0


def set_count(stage: str, name: str, value: Any) -> Change:
    return lambda stages: stages[stage]["counts"].update({name: value})


def drop_count(stage: str, name: str) -> Change:
    return lambda stages: stages[stage]["counts"].pop(name)


@pytest.mark.parametrize(
    ("stage", "change", "says"),
    [
        ("generate", drop_count("generate", "outcomes"), "outcomes: "),
        ("generate", set_count("generate", "rows", "many"), "rows: "),
        ("curate", set_count("curate", "pairs", 3), "pairs: "),
        ("curate", drop_count("curate", "contested"), "review.contested: "),
        ("curate", set_count("curate", "funnel", [{"step": "exact", "in": 1, "out": 1}]), "funnel.0.reasons: "),
        ("train", drop_count("train", "steps"), "steps: "),
        ("evaluate", set_count("evaluate", "student_score", {}), "scores.student: "),
        ("report", lambda stages: stages["report"].pop("counts"), "bytes: "),
        ("tune", lambda stages: stages.update(tune=stages["report"]), "'tune' counts nothing"),
    ],
)
def test_counts_that_do_not_fit_are_as_if_the_stage_had_failed(
    path: Path, stage: str, change: Change, says: str
) -> None:
    manifest = changed(path, change)
    assert set(manifest.misfits) == {stage}
    assert manifest.misfits[stage].startswith(says)
    entry = manifest.stages[stage]
    assert (entry.status, entry.counts) == ("failed", None)
    assert says in str(entry.error)
    assert not manifest.is_done(stage, entry.fingerprint)


@pytest.mark.parametrize(
    "change",
    [
        lambda stages: stages["train"].pop("fingerprint"),
        lambda stages: stages["train"].update(status="sleeping"),
        lambda stages: stages["train"].update(started_at="today"),
        lambda stages: stages["train"].update(mood="good"),
        lambda stages: stages.update(train=[]),
    ],
)
def test_what_is_no_manifest_is_refused_with_what_to_do(path: Path, change: Change) -> None:
    with pytest.raises(RunError, match=r"cannot be read .* Delete it"):
        changed(path, change)


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot be read .* Delete it"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"name": "small"}', '{"name": "small", "stages": 3}'])
def test_no_text_gives_a_traceback(path: Path, text: str) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        load(path, text)
