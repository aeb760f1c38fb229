"""The whole command line as command_line.txt has it, so that a new knob is a decision and not an accident.

python -m tests.pipeline.test_command_line > tests/pipeline/command_line.txt        # once it was decided
"""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli import cli

SNAPSHOT = Path(__file__).with_name("command_line.txt")
WIDTH = 110


def command_line() -> str:
    """Every command's help, as its user reads it."""
    settings = {**cli.context_settings, "terminal_width": WIDTH}
    top = click.Context(cli, info_name="stillhouse", **settings)
    texts = [cli.get_help(top)]
    for name in cli.list_commands(top):
        command = cli.get_command(top, name)
        assert command is not None
        context = click.Context(command, top, name, **settings)
        texts.append(command.get_help(context))
    return "\n\n\n".join(texts) + "\n"


def test_the_command_line_is_the_one_that_was_decided() -> None:
    assert command_line() == SNAPSHOT.read_text(encoding="utf-8")


if __name__ == "__main__":
    print(command_line(), end="")
