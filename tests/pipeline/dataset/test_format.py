"""The formats of an export."""

from __future__ import annotations

from click.testing import CliRunner

from pipeline.cli import cli


def test_the_command_offers_every_format() -> None:
    help_text = CliRunner().invoke(cli, ["export", "--help"]).output
    assert "[openai-chat|bedrock-distillation|trl|sharegpt|alpaca" in help_text
