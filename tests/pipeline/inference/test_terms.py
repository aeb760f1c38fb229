"""Terms before any spend: what a recipe may be run for, and what the model card then says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.curate.both_sides import KEPT
from pipeline.inference.provenance import provenance
from pipeline.inference.terms import check_terms, sources
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from pipeline.run.records import write_parquet
from pipeline.train import card as cards
from pipeline.train import stage as train
from prompts.errors import InputError
from students.card.facts import Helper
from teachers.spec import Spec
from teachers.terms import PURPOSES, rules, terms_of
from tests.pipeline.helpers import write_recipe, write_rows
from tests.students.samples import corpus_rows

CLAUDE = "anthropic:claude-sonnet-4-5"
GPT = "openai:gpt-4.1"
LOCAL = "gguf:smollm2-135m"
TWO = {"samples": 2, "temperature": 1}


def recipe(folder: Path, **sections: Any) -> Recipe:
    return load_recipe(write_recipe(folder, **{"purpose": None, **sections}))


def refusal(folder: Path, **sections: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        check_terms(recipe(folder, **sections))
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize("purpose", [None, *PURPOSES])
@pytest.mark.parametrize("teacher", [LOCAL, "openai:m@http://localhost:1/v1", "huggingface:owner/name"])
def test_a_teacher_without_a_rule_is_silent(tmp_path: Path, teacher: str, purpose: str | None) -> None:
    assert check_terms(recipe(tmp_path, teacher=teacher, purpose=purpose)) == []


def test_a_teacher_whose_terms_depend_on_the_purpose_asks_for_it(tmp_path: Path) -> None:
    error = refusal(tmp_path, teacher=CLAUDE)
    assert error.field == "purpose"
    for word in (*PURPOSES, CLAUDE, "compete with Anthropic", "https://www.anthropic.com/legal/commercial-terms"):
        assert word in str(error)


@pytest.mark.parametrize("purpose", ["task", "research"])
@pytest.mark.parametrize("teacher", [CLAUDE, GPT])
def test_an_allowed_purpose_is_silent(tmp_path: Path, teacher: str, purpose: str) -> None:
    assert check_terms(recipe(tmp_path, teacher=teacher, purpose=purpose)) == []


@pytest.mark.parametrize(
    ("teacher", "name"),
    [(CLAUDE, "anthropic"), (GPT, "openai"), ("bedrock:us.amazon.nova-pro-v1:0", "amazon")],
)
def test_a_forbidden_purpose_is_an_error_until_it_is_overridden_by_name(
    tmp_path: Path, teacher: str, name: str
) -> None:
    error = refusal(tmp_path, teacher=teacher, purpose="general")
    rule = next(rule for rule in rules() if rule.name == name)
    assert error.field == "purpose"
    assert rule.text in str(error)
    assert rule.url in str(error)
    assert f"override_terms: [{name}]" in str(error)
    said = check_terms(recipe(tmp_path, teacher=teacher, purpose="general", override_terms=[name]))
    assert said[0].startswith(f"terms: you override {name} for the teacher {teacher}")
    assert rule.sentence in said[0]


def test_an_override_covers_only_the_rule_it_names(tmp_path: Path) -> None:
    error = refusal(tmp_path, teacher=[CLAUDE, GPT], purpose="general", override_terms=["openai"])
    assert CLAUDE in str(error)
    assert "override_terms: [anthropic]" in str(error)
    said = check_terms(
        recipe(tmp_path, teacher=[CLAUDE, GPT], purpose="general", override_terms=["openai", "anthropic"])
    )
    assert len(said) == 2


def test_an_override_that_names_no_rule_lists_them(tmp_path: Path) -> None:
    error = refusal(tmp_path, teacher=CLAUDE, purpose="general", override_terms=["antropic"])
    assert error.field == "override_terms"
    assert "'antropic'" in str(error)
    assert all(rule.name in str(error) for rule in rules())


@pytest.mark.parametrize(("teacher", "purpose"), [(LOCAL, None), (CLAUDE, "task"), (GPT, "general")])
def test_an_override_without_a_conflict_is_an_error(tmp_path: Path, teacher: str, purpose: str | None) -> None:
    error = refusal(tmp_path, teacher=teacher, purpose=purpose, override_terms=["anthropic"])
    assert error.field == "override_terms"
    assert "overrides nothing" in str(error)
    assert ("Conflicts: openai" if teacher == GPT else "remove it") in str(error)


def test_an_override_does_not_stand_for_a_purpose(tmp_path: Path) -> None:
    assert refusal(tmp_path, teacher=CLAUDE, override_terms=["anthropic"]).field == "purpose"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_rule_against_every_student_is_enforced_for_every_purpose(tmp_path: Path, purpose: str) -> None:
    error = refusal(tmp_path, teacher="bedrock:meta.llama3-8b-instruct-v1:0", purpose=purpose)
    assert "override_terms: [llama-2-3]" in str(error)


def test_a_judge_and_a_rescorer_count(tmp_path: Path) -> None:
    best = {"how": "best", "judge": {"spec": GPT}}
    assert "the judge openai:gpt-4.1" in str(refusal(tmp_path, teacher=LOCAL, combine=best, generate=TWO))
    for name in ("best", "judge"):
        step = {"steps": [{"step": name, "judge": {"spec": CLAUDE}}]}
        assert f"the judge {CLAUDE}" in str(refusal(tmp_path, teacher=LOCAL, curate=step))
    rescore = {"teacher": {"spec": "huggingface:meta-llama/Meta-Llama-3-8B"}}
    error = refusal(tmp_path, teacher=LOCAL, rescore=rescore, purpose="task")
    assert "the rescorer huggingface:meta-llama/Meta-Llama-3-8B" in str(error)


def test_a_judge_that_judges_nothing_does_not_count(tmp_path: Path) -> None:
    unused = recipe(tmp_path, teacher=LOCAL, combine={"how": "all", "judge": {"spec": GPT}})
    assert [source.role for source in sources(unused)] == ["teacher"]
    assert check_terms(unused) == []


def test_recorded_replies_stay_under_the_rule_of_who_gave_them(tmp_path: Path) -> None:
    call = {
        "object": "chat.completion",
        "id": "chatcmpl-1",
        "model": "gpt-4.1",
        "messages": [{"role": "user", "content": "hi"}],
        "choices": [{"message": {"role": "assistant", "content": "ho"}, "finish_reason": "stop"}],
    }
    log = write_rows(tmp_path / "log.jsonl", [call])
    error = refusal(tmp_path, teacher=f"replay:{log}", purpose="general")
    assert "override_terms: [openai]" in str(error)
    assert check_terms(recipe(tmp_path, teacher=f"replay:{log}", purpose="task")) == []
    plain = write_rows(tmp_path / "plain.jsonl", [{"messages": call["messages"], "reply": "ho"}])
    assert check_terms(recipe(tmp_path, teacher=f"replay:{plain}")) == []


def test_what_was_not_read_and_what_must_be_said_are_told(tmp_path: Path) -> None:
    said = check_terms(recipe(tmp_path, teacher="bedrock:us.amazon.nova-pro-v1:0", purpose="task"))
    assert said == [
        "terms: read those of the teacher bedrock:us.amazon.nova-pro-v1:0 yourself, we have not: "
        "https://aws.amazon.com/service-terms/"
    ]
    said = check_terms(recipe(tmp_path, teacher="bedrock:us.meta.llama3-3-70b-instruct-v1:0"))
    assert len(said) == 1
    assert 'its name must begin with "Llama"' in said[0]


def test_a_line_is_said_once(tmp_path: Path) -> None:
    twice = [{"spec": "huggingface:google/gemma-3-4b-it", "name": name} for name in ("a", "b")]
    assert len(check_terms(recipe(tmp_path, teacher=twice))) == 1


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run whose corpus was answered by Claude, by Llama from a log, and by a local model."""
    llama = next(rule for rule in rules() if rule.name == "llama")
    teachers = [
        {"provider": "anthropic", "model": "claude-sonnet-4-5", "terms": terms_of(Spec.parse(CLAUDE))},
        {"provider": "replay", "model": "logs", "terms": f"recorded from bedrock:x: {llama.sentence}"},
        {"provider": "huggingface", "model": "m", "terms": None},
    ]
    rows = [
        {**row, "teacher": teachers[number % len(teachers)], "group": row["prompt_id"]}
        for number, row in enumerate(corpus_rows(24))
    ]
    run = RunDir(tmp_path)
    write_parquet(run.kept, KEPT, rows)
    return run


def test_the_card_gets_the_purpose_the_overrides_and_what_licences_want_said(tmp_path: Path, run: RunDir) -> None:
    wanted = recipe(
        tmp_path,
        teacher=CLAUDE,
        purpose="general",
        override_terms=["anthropic"],
        rescore={"teacher": {"spec": "huggingface:owner/name"}},
    )
    said = provenance(wanted, run)
    assert said.purpose == "general"
    assert [item.name for item in said.overrides] == ["anthropic"]
    assert said.overrides[0].rule == terms_of(Spec.parse(CLAUDE))
    assert said.notices == tuple(rule.notice for rule in rules() if rule.name == "llama")
    assert said.helpers == (Helper("rescorer", "huggingface", "owner/name", None),)


def test_the_train_stage_writes_the_card_and_brings_it_up_to_date_without_training(
    tmp_path: Path, run: RunDir, tiny: Path
) -> None:
    student = {"base": str(tiny), "epochs": 1, "eval_every": 1}
    task = recipe(tmp_path, teacher=CLAUDE, purpose="task", student=student)
    manifest = Manifest(run.manifest, task.name)
    manifest.begin("train", "fingerprint")
    with Progress() as progress:
        manifest.end("train", "done", train.work(Context(task, run, manifest, progress)))
        card = (run.student / "README.md").read_text()
        assert "Made for: task." in card
        assert "`anthropic:claude-sonnet-4-5`, 8 rows of the train split" in card
        assert 'must begin with "Llama"' in card
        trained_at = (run.student / "model.safetensors").stat().st_mtime_ns

        general = recipe(tmp_path, teacher=CLAUDE, purpose="general", override_terms=["anthropic"], student=student)
        cards.refresh(Context(general, run, manifest, progress))
    card = (run.student / "README.md").read_text()
    assert "**Terms overridden by the user: anthropic: The services may not be used" in card
    assert "Made for: general." in card
    assert (run.student / "model.safetensors").stat().st_mtime_ns == trained_at
