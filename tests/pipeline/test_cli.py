"""The command line as its user meets it: options, exit codes, one message an error, JSON for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from pipeline.cli import cli
from pipeline.stages import NAMES
from teachers.catalog import providers
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows

SCRIPT = [
    {"match": "mail 3", "reply": "I cannot help with that", "outcome": "refused"},
    {"match": "mail 5", "reply": "eggs"},
    {"match": "mail 1", "reply": "Spam."},
    {"reply": "ham"},
]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_rows(tmp_path / "script.jsonl", SCRIPT)
    steps = [{"step": "outcome"}, {"step": "format", "choices": ["spam", "ham"]}]
    return write_recipe(tmp_path, curate={"split": {"heldout": 0.3}, "steps": steps})


def as_json(*arguments: str | Path, cwd: Path) -> Any:
    result = stillhouse(*arguments, "--json", cwd=cwd)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_command_line_is_the_contracts() -> None:
    others = [
        "run",
        "plan",
        "status",
        "why",
        "teachers",
        "init",
        "bakeoff",
        "export",
        "push",
        "tune",
        "serve",
        "review",
        "compare",
    ]
    assert sorted(cli.commands) == sorted([*NAMES, *others])
    options = {name for parameter in cli.commands["run"].params for name in parameter.opts}
    assert options == {"recipe", "--dir", "--teacher", "--set", "--json", "--until", "--from"}
    assert all("--json" in {o for p in command.params for o in p.opts} for command in cli.commands.values())
    assert all(isinstance(command, click.Command) and command.help for command in cli.commands.values())


def test_a_run_up_to_curation_and_what_it_leaves(recipe: Path) -> None:
    folder = recipe.parent
    summary = as_json("run", recipe, "--until", "curate", cwd=folder)
    counts = summary["manifest"]["stages"]["curate"]["counts"]
    assert counts["samples"] == 12
    assert counts["dropped"] == {"outcome": {"refused": 1}, "format": {"not_a_choice": 1}}
    assert counts["kept"] + 2 == 12
    run = folder / "runs/small"
    assert {path.name for path in run.iterdir()} >= {
        "recipe.yaml",
        "manifest.json",
        "journal.sqlite",
        "replies.parquet",
        "kept.parquet",
        "dropped.parquet",
    }
    again = stillhouse("run", run / "recipe.yaml", "--until", "curate", cwd=folder)
    assert again.stderr.splitlines()[:2] == ["generate: up to date", "curate: up to date"]


def test_an_edited_curation_asks_the_teacher_nothing(recipe: Path) -> None:
    folder = recipe.parent
    as_json("run", recipe, "--until", "curate", cwd=folder)
    result = stillhouse("run", recipe, "--until", "curate", "--set", "curate.format.choices=[ham]", cwd=folder)
    assert result.stderr.startswith("generate: up to date\ncurate:")
    forced = stillhouse("run", recipe, "--until", "curate", "--from", "generate", cwd=folder)
    assert "12 of 12 replies are in the journal already" in forced.stderr


def test_a_stage_alone_wants_the_ones_before_it(recipe: Path) -> None:
    result = stillhouse("curate", recipe, cwd=recipe.parent)
    assert result.returncode == 2
    assert "Run 'stillhouse generate' first" in result.stderr


def test_a_deleted_file_is_made_again(recipe: Path) -> None:
    folder = recipe.parent
    as_json("run", recipe, "--until", "curate", cwd=folder)
    (folder / "runs/small/kept.parquet").unlink()
    as_json("run", recipe, "--until", "curate", cwd=folder)
    assert (folder / "runs/small/kept.parquet").exists()


def test_a_torn_manifest_says_what_to_do(recipe: Path) -> None:
    folder = recipe.parent
    as_json("run", recipe, "--until", "curate", cwd=folder)
    (folder / "runs/small/manifest.json").write_text('{"name": "sm')
    result = stillhouse("run", recipe, cwd=folder)
    assert result.returncode == 1
    assert "manifest.json cannot be read" in result.stderr
    assert "Delete it" in result.stderr


def test_why_tells_a_kept_and_a_dropped_story(recipe: Path) -> None:
    from pipeline.run.records import read_rows

    folder = recipe.parent
    as_json("run", recipe, "--until", "curate", cwd=folder)
    run = folder / "runs/small"
    dropped = next(row for row in read_rows(run / "dropped.parquet") if row["reason"] == "refused")
    story = as_json("why", run, dropped["sample_id"][:12], cwd=folder)
    assert story["reply"]["text"] == "I cannot help with that"
    assert story["verdict"]["reason"] == "refused"
    assert [attempt["outcome"] for attempt in story["attempts"]] == ["refused"]
    kept = next(iter(read_rows(run / "kept.parquet")))
    text = stillhouse("why", run, kept["prompt_id"], cwd=folder).stdout
    assert "verdict: kept" in text
    nobody = stillhouse("why", run, "zz", cwd=folder)
    assert (nobody.returncode, "no sample or prompt id begins with 'zz'" in nobody.stderr) == (2, True)
    everybody = stillhouse("why", run, "", cwd=folder)
    assert "12 samples match" in everybody.stderr


def test_status_of_a_run_and_of_nothing(recipe: Path) -> None:
    folder = recipe.parent
    as_json("run", recipe, "--until", "curate", cwd=folder)
    status = as_json("status", "runs/small", cwd=folder)
    assert status["journal"] == {"samples": 12, "answered": 12, "attempts": {"ok": 11, "refused": 1}}
    assert not status["locked"]
    assert "curate    done" in stillhouse("status", "runs/small", cwd=folder).stdout
    nothing = stillhouse("status", folder, cwd=folder)
    assert (nothing.returncode, "is not a run directory" in nothing.stderr) == (2, True)


def test_plan_needs_no_key_and_counts_what_is_owed(recipe: Path) -> None:
    folder = recipe.parent
    plan = as_json("plan", recipe, "--teacher", "openai:gpt-4.1", cwd=folder)
    assert plan["calls"] == 12
    assert plan["cost_usd_at_most"] > 0
    teacher = plan["teachers"][0]
    assert ("OPENAI_API_KEY" in teacher["key_needed"], teacher["key_present"]) == (True, False)
    assert not (folder / "runs").exists()
    as_json("generate", recipe, "--set", "prompts.limit=5", cwd=folder)
    assert as_json("plan", recipe, cwd=folder)["calls"] == 7
    assert "calls      7" in stillhouse("plan", recipe, cwd=folder).stdout


def test_teachers_lists_every_adapter(tmp_path: Path) -> None:
    listed = as_json("teachers", cwd=tmp_path)["teachers"]
    assert [entry["provider"] for entry in listed] == [provider.name for provider in providers()]
    assert "OPENAI_API_KEY is not set" in stillhouse("teachers", cwd=tmp_path).stdout


def test_init_writes_a_recipe_that_plans(tmp_path: Path) -> None:
    assert as_json("init", "mine", cwd=tmp_path)["recipe"] == "mine/recipe.yaml"
    assert as_json("plan", "mine/recipe.yaml", cwd=tmp_path)["calls"] > 0
    again = stillhouse("init", "mine", cwd=tmp_path)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)


def test_without_gold_or_a_judge_it_is_said_what_there_will_be(recipe: Path) -> None:
    result = stillhouse("evaluate", recipe, "--set", "prompts.gold=null", cwd=recipe.parent)
    assert result.returncode == 2  # nothing was generated yet
    assert "only agreement with the teacher, KL, speed and cost" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml"], "none.yaml: no such recipe"),
        (["run"], "Missing argument 'RECIPE'"),
        (["run", "recipe.yaml", "--until", "later"], "'later' is not one of"),
        (["generate", "recipe.yaml", "--teacher", "nobody:x"], "unknown provider 'nobody'"),
        (["generate", "recipe.yaml", "--teacher", "gguf:none.gguf"], "no such model file"),
        (["generate", "recipe.yaml", "--teacher", "gpt"], "does not name a teacher"),
        (["generate", "recipe.yaml", "--set", "generate.tempreature=1"], "recipe.yaml:"),
    ],
)
def test_bad_commands_exit_2_with_one_message(recipe: Path, arguments: list[str], message: str) -> None:
    result = stillhouse(*arguments, cwd=recipe.parent)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_key_is_named(recipe: Path) -> None:
    result = stillhouse("generate", recipe, "--teacher", "openai:gpt-4.1", cwd=recipe.parent)
    assert result.returncode == 1
    assert "OPENAI_API_KEY" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_the_file_system_refuses_is_one_message(recipe: Path) -> None:
    result = stillhouse("init", "t.md", cwd=recipe.parent)
    assert (result.returncode, result.stderr) == (1, "stillhouse: t.md: File exists\n")


def test_errors_are_json_too(recipe: Path) -> None:
    result = stillhouse("generate", recipe, "--teacher", "nobody:x", "--json", cwd=recipe.parent)
    assert json.loads(result.stdout)["exit_code"] == 2 == result.returncode


def test_all_rows_dropped_is_an_error_that_shows_the_funnel(recipe: Path) -> None:
    result = stillhouse("run", recipe, "--set", "curate.format.choices=[eel]", cwd=recipe.parent)
    assert result.returncode == 1
    assert "curation left no row to train on" in result.stderr
    assert "not_a_choice" in result.stderr
