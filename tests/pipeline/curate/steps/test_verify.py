"""A user's check: whatever it does, every sample has a verdict and the run goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.curate.steps.verify import Verify
from pipeline.recipe.load import load_recipe
from pipeline.recipe.step import Tools
from pipeline.recipe.verdict import Drop, Verdict
from pipeline.stages import STAGES
from prompts.errors import InputError
from tests.pipeline.curate.make import reason, rule_of, sample, verdicts_of
from tests.pipeline.helpers import ROOT, environment

FUNCTION = f"{Path(__file__).with_name('verifier.py')}:check"


def verdicts(config: Verify, *completions: str) -> list[Verdict]:
    return verdicts_of(config, [sample(completion=completion) for completion in completions])


def detail(verdict: Verdict) -> str | None:
    assert isinstance(verdict, Drop)
    return verdict.detail


def test_a_function_keeps_and_drops_in_the_samples_order() -> None:
    replies = ["right", "wrong", *["right"] * 20, "wrong", ""]
    found = [reason(verdict) for verdict in verdicts(Verify(function=FUNCTION), *replies)]
    assert found == ["kept" if reply == "right" else "verify_failed" for reply in replies]


def test_the_held_out_side_is_judged_alike() -> None:
    found = verdicts_of(Verify(function=FUNCTION), [sample(completion="wrong", split="heldout")])
    assert [reason(verdict) for verdict in found] == ["verify_failed"]


@pytest.mark.parametrize(
    ("reply", "expected", "said"),
    [
        ("raise", "verify_error", "ValueError: no such city as this"),
        ("exit", "verify_error", "SystemExit: 3"),
        ("vanish", "verify_error", "ended without an answer"),
        ("fail", "verify_error", "ended without an answer: goodbye"),
        ("close", "verify_error", "ended without an answer"),
        ("segfault", "verify_error", "ended by SIGSEGV"),
        ("kill", "verify_error", "the worker was ended"),
    ],
)
def test_what_goes_wrong_is_said_and_the_next_sample_has_its_turn(reply: str, expected: str, said: str) -> None:
    wrong, after = verdicts(Verify(function=FUNCTION), reply, "right")
    assert (reason(wrong), detail(wrong), reason(after)) == (expected, said, "kept")


def test_what_is_too_much_is_ended() -> None:
    config = Verify(function=FUNCTION, timeout_s=0.5, memory_mb=256)
    found = verdicts(config, "loop", "sleep", "eat", "bomb", "right")
    assert [reason(verdict) for verdict in found[:3]] == ["verify_timeout", "verify_timeout", "verify_memory"]
    assert reason(found[3]) in {"verify_error", "verify_timeout"}  # whichever limit is met first
    assert reason(found[4]) == "kept"


def test_a_sample_stands_behind_who_is_to_end_it() -> None:
    """Else a fork bomb's processes would, where the scheduler groups none, leave it no turn."""
    [found] = verdicts(Verify(function=FUNCTION), "nice")
    assert reason(found) == "kept"


def test_what_is_untidy_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    replies = ["print", "read", "write", "write", "fork", "env", "right"]
    assert [reason(verdict) for verdict in verdicts(Verify(function=FUNCTION), *replies)] == ["kept"] * 7


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are taken in on Linux alone")
def test_no_process_outlives_its_sample() -> None:
    seconds = f"{3600 + os.getpid()}.5"  # a name of its own
    assert [reason(verdict) for verdict in verdicts(Verify(function=FUNCTION), f"daemon {seconds}")] == ["kept"]
    assert not running(seconds)


def run_script(folder: Path, *replies: str) -> subprocess.Popen[bytes]:
    """A process that verifies replies, with a minute for each; it says so before it begins."""
    script = (
        "import sys\nfrom pipeline.curate.steps.verify import Verify\n"
        "from tests.pipeline.curate.make import sample, verdicts_of\nprint('here', flush=True)\n"
        "verdicts_of(Verify(function=sys.argv[1], timeout_s=60), [sample(completion=text) for text in sys.argv[2:]])\n"
    )
    (folder / "script.py").write_text(script)
    words = [sys.executable, str(folder / "script.py"), FUNCTION, *replies]
    return subprocess.Popen(words, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def running(seconds: str) -> bool:
    """Whether a `sleep` of so many seconds lives."""
    wanted = f"sleep\0{seconds}\0".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # a process that ends between being listed and being read
            if path.read_bytes() == wanted:
                return True
    return False


def wait_until(holds: Callable[[], bool], timeout_s: float = 20) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what runs")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_run_ends_the_samples_under_way_at_once(tmp_path: Path, number: signal.Signals) -> None:
    seconds = f"{7200 + os.getpid()}.{number.value}"
    with run_script(tmp_path, f"nap {seconds}", *["right"] * 9) as process:
        wait_until(lambda: running(seconds))
        process.send_signal(number)
        process.wait(10)
    wait_until(lambda: not running(seconds), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what runs")
def test_what_a_checks_file_starts_lives_as_long_as_its_worker(tmp_path: Path) -> None:
    seconds = f"{10800 + os.getpid()}.5"
    file = tmp_path / "serves.py"
    file.write_text(
        f"import subprocess\nserver = subprocess.Popen(['sleep', '{seconds}'])\n"
        "def check(sample): return open(f'/proc/{server.pid}/cmdline').read() != ''\n"
    )
    found = verdicts(Verify(function=f"{file}:check"), *["a"] * 10)
    assert [reason(verdict) for verdict in found] == ["kept"] * 10
    assert not running(seconds)


def test_the_rows_done_are_told_in_turn() -> None:
    told: list[int] = []
    rule = Verify(function=FUNCTION).rule(Tools(on_progress=told.append))
    assert len(rule([sample(completion=text) for text in ("right", "wrong", "kill")])) == 3
    assert told == [1, 2, 3]


def test_a_program_that_is_not_there_is_the_recipes_error() -> None:
    with pytest.raises(InputError, match=r"'curate\.steps\.verify\.command': no such program: no-such-program"):
        rule_of(Verify(command=["no-such-program"]))


def test_nothing_is_left_in_the_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    verdicts(Verify(function=FUNCTION), "write", "kill", "right")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "expected", "said"),
    [
        (["grep", "-q", "spam"], "kept", None),
        (["grep", "-q", "eggs"], "verify_failed", None),
        (["sh", "-c", "echo one; echo two >&2; exit 7"], "verify_error", "exit status 7: two"),
        (["sh", "-c", "kill -9 $$"], "verify_error", "ended by SIGKILL"),
        (["sh", "-c", "ls -A | grep -q . && exit 5 || exit 0"], "kept", None),
        (["sh", "-c", "yes"], "verify_timeout", None),
        (["sh", "-c", "echo MemoryError: none"], "kept", None),
        (["sh", "-c", "kill -XCPU $$"], "verify_timeout", None),
        (["sh", "-c", "sh -c 'kill -XCPU $$'; exit $?"], "verify_timeout", None),
        ([sys.executable, "-c", "bytearray(1 << 33)"], "verify_memory", None),
    ],
)
def test_a_command(command: list[str], expected: str, said: str | None) -> None:
    [verdict] = verdicts(Verify(command=command, timeout_s=1), "spam")
    assert reason(verdict) == expected
    if said is not None:
        assert detail(verdict) == said


def test_a_megabyte_reaches_the_check_and_nobody_is_asked_for_nothing() -> None:
    config = Verify(command=["sh", "-c", "test $(wc -c) -gt 1000000"])
    assert [reason(verdict) for verdict in verdicts(config, "x" * 10**6)] == ["kept"]
    assert verdicts(config) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; sys.exit()", "SystemExit"),
        ("import os; os._exit(1)", "ended the process"),
        ("def other(): pass", "no attribute 'check'"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_the_recipes_error(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.py"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        verdicts(Verify(function=f"{file}:check"), "spam")


@pytest.mark.parametrize("values", [{}, {"function": "a.py:f", "command": ["a"]}, {"function": "a.py"}])
def test_one_check_and_no_more(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Verify.model_validate(values)


def test_many_samples_share_a_few_processes() -> None:
    started = time.process_time()
    found = verdicts(Verify(function=FUNCTION), *["right"] * 200)
    assert [reason(verdict) for verdict in found] == ["kept"] * 200
    assert time.process_time() - started < 2  # of this process; an interpreter started for each would take most of it


def test_the_recipe_names_the_file_beside_it_and_its_content_is_the_stages(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "ask.md").write_text("{{ text }}")
    recipe.write_text(
        "name: a\nprompts: {source: rows.jsonl, template: ask.md}\nteacher: scripted:x\nstudent: {base: b}\n"
        "curate:\n  steps:\n    - {step: verify, function: 'check.py:check'}\n"
        "    - {step: verify, command: [sh, run.sh]}\n"
    )
    with pytest.raises(InputError, match=r"recipe\.yaml:7: field 'curate\.steps\.verify\.function': no such file"):
        load_recipe(recipe)
    check, run = tmp_path / "check.py", tmp_path / "run.sh"
    check.write_text("a")
    run.write_text("b")
    loaded = load_recipe(recipe)
    first, second = loaded.curate.steps
    assert isinstance(first, Verify)
    assert isinstance(second, Verify)
    assert (first.function, second.command) == (f"{check}:check", ["sh", str(run)])
    curate = next(stage for stage in STAGES if stage.name == "curate")
    before, files = curate.inputs(loaded), second.files()
    assert files == [run]
    run.write_text("c")
    assert curate.inputs(loaded) != before
