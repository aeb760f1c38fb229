"""Bedrock's distillation prompts, by AWS's rules and botocore's model."""

from __future__ import annotations

from pathlib import Path

from pipeline.dataset.export import export_run
from tests.pipeline.dataset.make import kept, lines, user


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
