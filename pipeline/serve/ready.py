"""The message once requests are answered: the address, the model's name, and what to change in the user's code."""

from __future__ import annotations

from typing import Any

from pipeline.run.directory import RunDir
from pipeline.serve.engines import MODEL, Engine


def describe(
    run: RunDir, engine: Engine, url: str, log: str | None, cascade: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Returns the object for programs. `cascade` has the threshold and the teacher's spec."""
    return {
        "run": str(run.root),
        "engine": engine.name,
        "files": str(engine.path),
        "base_url": url,
        "model": MODEL,
        "log": log,
        "cascade": cascade,
    }


def render_ready(ready: dict[str, Any]) -> str:
    """Says the same to people."""
    how, cascade = f"{ready['engine']} serves {ready['files']}", ready["cascade"]
    if cascade:
        how += f"; below a confidence of {cascade['threshold']:g}, {cascade['teacher']} is asked"
    lines = [how, f"base URL  {ready['base_url']}", f"model     {ready['model']}", "", *_example(ready), ""]
    end = "Ctrl-C stops it."  # there is no log where the student answers in this process
    if ready["log"]:
        end += f" Log: {ready['log']}"
    return "\n".join([*lines, end])


def _example(ready: dict[str, Any]) -> list[str]:
    return [
        "    from openai import OpenAI",
        f'    client = OpenAI(base_url="{ready["base_url"]}", api_key="none")',
        f'    client.chat.completions.create(model="{ready["model"]}", messages=[{{"role": "user", "content": "?"}}])',
    ]
