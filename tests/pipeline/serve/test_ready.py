"""The message once requests are answered."""

from __future__ import annotations

from pathlib import Path

from pipeline.run.directory import RunDir
from pipeline.serve.engines import Engine
from pipeline.serve.ready import describe, render_ready

ENGINE = Engine("llama.cpp", Path("/run/student.gguf"), ("llama-server",))
URL = "http://127.0.0.1:8080/v1"


def test_people_read_the_address_and_what_to_change_in_their_code() -> None:
    ready = describe(RunDir(Path("/run")), ENGINE, URL, "/run/serve.log")
    text = render_ready(ready)
    assert text.startswith(
        "llama.cpp serves /run/student.gguf\nbase URL  http://127.0.0.1:8080/v1\nmodel     student\n"
    )
    assert text.endswith("Ctrl-C stops it. Log: /run/serve.log")
    code = "\n".join(line.strip() for line in text.splitlines() if line.startswith("    "))
    compile(code, "example", "exec")
    assert f'base_url="{URL}"' in code


def test_a_cascade_says_who_is_asked_and_from_when() -> None:
    cascade = {"threshold": 0.75, "teacher": "openai:gpt-4.1"}
    text = render_ready(describe(RunDir(Path("/run")), ENGINE, URL, None, cascade))
    assert "below a confidence of 0.75, openai:gpt-4.1 is asked" in text
    assert text.endswith("Ctrl-C stops it.")
