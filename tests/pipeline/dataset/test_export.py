"""Exports: each format read back by what reads it, or by the rules that its page gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.curate.both_sides import KEPT
from pipeline.dataset.export import export_run, render_export
from pipeline.dataset.format import export_formats
from pipeline.run.records import write_parquet
from prompts.errors import InputError
from prompts.logs.read import read_logs
from prompts.messages import MessageDict, from_dicts
from tests.pipeline.helpers import stillhouse

GOLD = "the-answer-nobody-may-see"
SYSTEM: MessageDict = {"role": "system", "content": "Be brief."}


def user(text: str) -> MessageDict:
    return {"role": "user", "content": text}


def assistant(text: str) -> MessageDict:
    return {"role": "assistant", "content": text}


LONG = [SYSTEM, user("Hi"), assistant("Hello"), user('Say "né"\n🌱')]


def kept(run: Path, prompts: list[list[MessageDict]], splits: list[str] | None = None) -> Path:
    """A run that kept these prompts, each answered with its last turn's text."""
    run.mkdir(exist_ok=True)
    blank = dict.fromkeys(KEPT.names)
    rows = [
        {
            **blank,
            "prompt": prompt,
            "completion": [assistant(f"to {prompt[-1]['content']}")],
            "split": split,
            "gold": GOLD,
        }
        for prompt, split in zip(prompts, splits or ["train"] * len(prompts), strict=True)
    ]
    write_parquet(run / "kept.parquet", KEPT, rows)
    return run


def lines(done: dict[str, Any]) -> list[Any]:
    text = Path(done["path"]).read_text(encoding="utf-8")
    assert GOLD not in text
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return kept(tmp_path / "run", [[user("Why?")], LONG], ["train", "train"])


def test_the_command_offers_every_format() -> None:
    help_text = CliRunner().invoke(cli, ["export", "--help"]).output
    assert "[openai-chat|bedrock-distillation|trl|sharegpt|alpaca" in help_text


def test_openai_chat_keeps_openais_rules(run: Path) -> None:
    """https://platform.openai.com/docs/guides/supervised-fine-tuning"""
    done = export_run(run, "openai-chat")
    for line in lines(done):
        assert set(line) == {"messages"}
        assert {message["role"] for message in line["messages"]} <= {"system", "user", "assistant"}
        assert all(isinstance(message["content"], str) and message["content"] for message in line["messages"])
        assert all(set(message) == {"role", "content"} for message in line["messages"])
        assert line["messages"][-1]["role"] == "assistant"
    assert done["remarks"] == ["OpenAI starts no job with fewer than 10 examples"]


def test_openai_chat_comes_back_as_a_log(run: Path) -> None:
    calls = list(read_logs(Path(export_run(run, "openai-chat")["path"])))
    assert [(call.messages, call.reply) for call in calls] == [
        (from_dicts([user("Why?")]), "to Why?"),
        (from_dicts(LONG), 'to Say "né"\n🌱'),
    ]


def test_bedrock_distillation_keeps_awss_rules(run: Path) -> None:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/distillation-data-prep-option-1.html"""
    done = export_run(run, "bedrock-distillation")
    student_messages, long = lines(done)
    assert student_messages == {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [{"text": "Why?"}]},
            {"role": "assistant", "content": [{"text": "to Why?"}]},
        ],
    }
    assert long["system"] == [{"text": "Be brief."}]
    assert [turn["role"] for turn in long["messages"]] == ["user", "assistant", "user", "assistant"]
    assert [remark.split(":")[0] for remark in done["remarks"]] == [
        "Bedrock starts no job with fewer than 100 prompts",
        "1 prompts have several user turns, which only Nova students take",
    ]


def test_bedrock_distillation_is_what_converse_takes(run: Path) -> None:
    """botocore's own model of Converse, whose blocks the format shares, accepts every line."""
    import botocore.session
    from botocore.validate import ParamValidator

    shape = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
    for line in lines(export_run(run, "bedrock-distillation")):
        sent = {"modelId": "m", **{key: value for key, value in line.items() if key != "schemaVersion"}}
        assert not ParamValidator().validate(sent, shape).has_errors()


def test_more_prompts_than_a_bedrock_job_takes(tmp_path: Path) -> None:
    done = export_run(kept(tmp_path / "run", [[user(f"Why {n}?")] for n in range(15_001)]), "bedrock-distillation")
    assert done["remarks"] == ["Bedrock takes at most 15,000 prompts: keep the first with head -n 15000"]
    assert done["rows"] == 15_001


def test_sharegpt_and_alpaca_carry_system_and_earlier_turns(run: Path) -> None:
    _, sharegpt = lines(export_run(run, "sharegpt"))
    assert [(turn["from"], turn["value"]) for turn in sharegpt["conversations"]] == [
        ("system", "Be brief."),
        ("human", "Hi"),
        ("gpt", "Hello"),
        ("human", 'Say "né"\n🌱'),
        ("gpt", 'to Say "né"\n🌱'),
    ]
    student_messages, alpaca = lines(export_run(run, "alpaca"))
    assert student_messages == {"instruction": "Why?", "input": "", "output": "to Why?", "system": "", "history": []}
    assert (alpaca["system"], alpaca["history"]) == ("Be brief.", [["Hi", "Hello"]])


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


def test_sfttrainer_trains_on_the_trl_file(run: Path, tiny: Path, tmp_path: Path) -> None:
    """One step of TRL's own trainer on the file as `datasets` loads it: the loss is on the completion alone."""
    import datasets
    from trl import SFTConfig, SFTTrainer

    path = export_run(run, "trl")["path"]
    rows = datasets.load_dataset("json", data_files=path, split="train", cache_dir=str(tmp_path / "cache"))
    config = SFTConfig(output_dir=str(tmp_path / "out"), max_steps=1, report_to=[], use_cpu=True, save_strategy="no")
    trainer = SFTTrainer(model=str(tiny), args=config, train_dataset=rows)
    batch = trainer.data_collator([trainer.train_dataset[1]])
    learned = batch["input_ids"][batch["labels"] != -100]
    assert trainer.processing_class.decode(learned, skip_special_tokens=True).strip() == 'to Say "né"\n🌱'
    assert trainer.train().training_loss > 0
