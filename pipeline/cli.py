"""The command line. Importing this loads neither torch nor any provider's SDK: commands import what they need."""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

import click

from pipeline.commands import data, explain, stages, start, student
from prompts.errors import StillhouseError

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="stillhouse")
def cli() -> None:
    """Distil a hosted teacher into a small student that you own."""


for room in (start, stages, explain, data, student):
    for command in vars(room).values():
        if isinstance(command, click.Command):
            cli.add_command(command)


def main() -> NoReturn:
    """Runs the `stillhouse` command: every foreseen error is one message and an exit code, never a traceback."""
    as_json = "--json" in sys.argv
    # Before torch loads: its idle threads would spin, and on shared cores steal the time of those that work.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        cli.main(standalone_mode=False)
        sys.exit(0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except StillhouseError as error:
        _fail(str(error), error.exit_code, as_json)
    except (KeyboardInterrupt, click.exceptions.Abort):
        _fail("interrupted; the same command goes on from here", INTERRUPTED, as_json)
    except MemoryError:
        _fail("no memory is left; what was journaled is safe, and the same command goes on from here", 1, as_json)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        # A file where a folder should be, no right to read or write it: the system's words name it and say why.
        where = f"{error.filename}: " if error.filename is not None else ""
        _fail(f"{where}{error.strerror or error}", 1, as_json)


def _fail(message: str, exit_code: int, as_json: bool) -> NoReturn:
    if as_json:
        print(json.dumps({"error": message, "exit_code": exit_code}))
    print(f"stillhouse: {message}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
