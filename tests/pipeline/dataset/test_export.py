"""Exports: each format read back by what reads it, or by the rules that its page gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.dataset.export import export_run, render_export
from pipeline.dataset.format import export_formats
from prompts.errors import InputError
from tests.pipeline.dataset.make import SYSTEM, kept, lines, user
from tests.pipeline.helpers import stillhouse


@pytest.mark.parametrize("to", export_formats())
def test_datasets_loads_every_format(run: Path, to: str, tmp_path: Path) -> None:
    import datasets

    done = export_run(run, to)
    loaded = datasets.load_dataset("json", data_files=done["path"], split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == 2
    assert sorted(loaded.column_names) == sorted({key for line in lines(done) for key in line})


@pytest.mark.parametrize("to", ["bedrock-distillation", "sharegpt", "alpaca"])
def test_a_row_that_a_format_cannot_carry_is_counted(tmp_path: Path, to: str) -> None:
    odd = [user("one"), user("two")]
    run = kept(tmp_path / "run", [[user("Why?")], odd, [user("a"), SYSTEM, user("b")]])
    done = export_run(run, to)
    assert (done["rows"], done["skipped"]) == (1, {"turns_do_not_alternate": 2})
    assert "left out: 2 turns_do_not_alternate" in render_export(done)
    with pytest.raises(InputError, match="no row to write: 1 turns_do_not_alternate"):
        export_run(kept(tmp_path / "other", [odd]), to)
    assert list((tmp_path / "other/exports").iterdir()) == []


def test_the_split_is_the_corpuss(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", [[user("seen")], [user("held")]], ["train", "heldout"])
    asked = {split: [line["prompt"][0]["content"] for line in lines(export_run(run, "trl", split=split))]
             for split in ("train", "heldout", "all")}  # fmt: skip
    assert asked == {"train": ["seen"], "heldout": ["held"], "all": ["seen", "held"]}


def test_a_file_of_the_users_is_never_overwritten(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep/mine.jsonl"
    assert export_run(run, "trl", out)["path"] == str(out)
    before = out.read_bytes()
    with pytest.raises(InputError, match=r"mine.jsonl: exists already. Delete it"):
        export_run(run, "alpaca", out)
    assert out.read_bytes() == before
    assert export_run(run, "trl")["path"] == export_run(run, "trl")["path"]  # the run's own, made anew


def test_the_command(run: Path, tmp_path: Path) -> None:
    said = stillhouse("export", run, "--to", "trl", cwd=tmp_path)
    assert said.stdout == f"wrote 2 rows to {run}/exports/trl-train.jsonl\n"
    machine = json.loads(stillhouse("export", run, "--to", "sharegpt", "--split", "all", "--json", cwd=tmp_path).stdout)
    assert machine == {
        "to": "sharegpt",
        "split": "all",
        "path": f"{run}/exports/sharegpt-all.jsonl",
        "rows": 2,
        "skipped": {},
        "remarks": [],
    }


@pytest.mark.parametrize(
    ("folder", "options", "message"),
    [
        (".", ["--to", "trl"], "kept.parquet: no such corpus"),
        ("run", ["--to", "parquet"], "'parquet' is not one of"),
        ("run", ["--to", "trl", "--split", "heldout"], "no row to write"),
    ],
)
def test_a_bad_command_is_one_message(run: Path, tmp_path: Path, folder: str, options: list[str], message: str) -> None:
    assert run.is_dir()
    failed = stillhouse("export", tmp_path / folder, *options, cwd=tmp_path)
    assert failed.returncode == 2
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr
