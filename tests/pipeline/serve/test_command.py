"""`stillhouse serve` end to end: real servers, real models, the real SDK."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest

from pipeline.run.evaluation.file import write_evaluation
from pipeline.run.progress import Progress
from pipeline.serve.command import ServeOptions, serve
from pipeline.serve.fallback import CHOSEN, Fallback
from prompts.errors import InputError
from tests.pipeline.helpers import command, environment, stillhouse
from tests.pipeline.process.test_die_with_parent import is_running, soon
from tests.pipeline.report.make import cascade, full_evaluation
from tests.pipeline.serve.make import Served, make_run, served
from tests.servers.faults import FaultServer, chat


def scripted(folder: Path) -> Path:
    (folder / "script.jsonl").write_text('{"reply": "ham"}\n')
    return folder


def ask(server: Served, **options: Any) -> Any:
    said: Any = [{"role": "user", "content": "mail"}]
    with openai.OpenAI(base_url=server.ready["base_url"], api_key="none") as client:
        model = server.ready["model"]
        found = client.chat.completions.create(model=model, messages=said, max_tokens=4, temperature=0, **options)
        return list(found) if options.get("stream") else found


def test_an_export_is_served_by_llama_cpp_until_ctrl_c(tiny: Path, tmp_path: Path) -> None:
    run = make_run(scripted(tmp_path), tiny, "gguf-f16")
    with served(run, "--with", "llama.cpp") as found:
        assert found.ready["engine"] == "llama.cpp"
        assert ask(found).choices[0].finish_reason == "length"
    assert found.ended["code"] == 0, found.ended["err"]
    assert json.loads(found.ended["err"].splitlines()[-1]) == {"event": "message", "text": "serve: stopped"}
    assert "--alias student" in (run.logs / "serve.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own, of Linux alone")
def test_a_kill_leaves_no_server_behind(tiny: Path, tmp_path: Path) -> None:
    run = make_run(scripted(tmp_path), tiny, "gguf-f16")
    words = command("serve", run.root, "--with", "llama.cpp", "--port", "0", "--json")
    with subprocess.Popen(words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        [server] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert answers(ready["base_url"])
        process.kill()
        process.wait()
    assert soon(lambda: not is_running(int(server)))
    assert not answers(ready["base_url"])


def answers(url: str) -> bool:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        try:
            return bool(client.models.list().data)
        except openai.APIConnectionError:
            return False


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_student_is_served_by_transformers(tiny: Path, tmp_path: Path) -> None:
    run = make_run(scripted(tmp_path), tiny)
    with served(run) as found:
        assert (found.ready["engine"], found.ready["cascade"]) == ("transformers", None)
        whole = ask(found)
        streamed = "".join(part.choices[0].delta.content or "" for part in ask(found, stream=True))
        assert whole.choices[0].message.content == streamed
    assert found.ended["code"] == 0, found.ended["err"]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["llama.cpp", "transformers"])
def test_a_cascade_falls_back_to_the_runs_teacher(tiny: Path, tmp_path: Path, engine: str) -> None:
    with FaultServer(lambda _: chat("ham")) as teacher:
        run = make_run(tmp_path, tiny, "gguf-f16", teacher=teacher.spec("teacher"))
        asked = len(teacher.requests)
        for threshold, by in (("1", "teacher"), ("0", "student")):
            with served(run, "--with", engine, "--cascade", threshold) as found:
                answer = ask(found)
                assert answer.stillhouse["answered_by"] == by
                assert 0 < answer.stillhouse["confidence"] < 1
            assert found.ended["code"] == 0, found.ended["err"]
            assert f"{by == 'teacher':d} by the teacher" in found.ended["err"]
        assert len(teacher.requests) == asked + 1


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_server_that_dies_is_an_error_with_its_last_lines(tiny: Path, tmp_path: Path) -> None:
    run = make_run(scripted(tmp_path), tiny, "gguf-f16")
    (run.exports / "gguf-f16" / "model.gguf").write_bytes(b"GGUF no more")
    ended = stillhouse("serve", run.root, "--with", "llama.cpp", "--port", "0", cwd=tmp_path)
    assert ended.returncode == 1
    assert "llama.cpp ended with exit status" in ended.stderr
    assert "serve.log" in ended.stderr


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (ServeOptions(cascade="2"), "is no confidence"),
        (ServeOptions(cascade="chosen"), "evaluation has chosen no threshold"),
        (ServeOptions(teacher="scripted:x"), "Give --cascade as well"),
        (ServeOptions(cascade="0.5", export="gguf-f16"), "no GGUF export"),
    ],
)
def test_a_bad_option_is_told_before_anything_is_loaded(
    tiny: Path, tmp_path: Path, wanted: ServeOptions, says: str
) -> None:
    run = make_run(scripted(tmp_path), tiny)
    with pytest.raises(InputError, match=says):
        serve(run.root, wanted, lambda ready: pytest.fail(str(ready)), Progress())


def test_the_threshold_that_evaluation_chose_is_the_default(tiny: Path, tmp_path: Path) -> None:
    run = make_run(scripted(tmp_path), tiny)
    chosen = cascade().chosen
    assert chosen is not None
    evaluation = replace(full_evaluation(), cascade=replace(cascade(), chosen=replace(chosen, threshold=0.625)))
    write_evaluation(run, evaluation)
    assert Fallback.of(run, CHOSEN, None).threshold == 0.625
