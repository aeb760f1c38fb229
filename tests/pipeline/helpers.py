"""Small makers shared by the pipeline's tests."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli import main
from pipeline.journal.samples import SampleRequest
from prompts.digest import digest
from prompts.messages import Message
from teachers.base import Alternative, Identity, Reply, Request, Sampling, TokenLogprob, Usage

ROOT = Path(__file__).parents[2]
IDENTITY = Identity("scripted", "test")
TEMPLATE = "---\nname: t\nfields: [text]\nsystem: Answer spam or ham.\n---\n{{ text }}\n"


def request(text: str, index: int = 0) -> Request:
    return Request(IDENTITY, (Message("user", text),), Sampling(temperature=0), None, index)


def wanted(text: str, index: int = 0) -> SampleRequest:
    return SampleRequest(digest(text), request(text, index), 1, None, None)


def reply(text: str, **changes: Any) -> Reply:
    top = (Alternative(b"\xf0\x9f", -2.0, 7), Alternative(text.encode(), -0.25, 8))
    token = TokenLogprob(text.encode(), -0.25, 8, top)
    values = {"text": text, "finish_reason": "stop", "tokens": (token,), "usage": Usage(3, None, 1, None)}
    return Reply(**{**values, **changes})


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_recipe(folder: Path, **sections: Any) -> Path:
    """A small whole recipe over rows.jsonl and t.md in `folder`, with a scripted teacher."""
    (folder / "t.md").write_text(TEMPLATE, encoding="utf-8")
    if not (folder / "rows.jsonl").exists():
        rows = [{"text": f"mail {i}", "label": "spam" if i % 2 else "ham"} for i in range(12)]
        write_rows(folder / "rows.jsonl", rows)
    recipe: dict[str, Any] = {
        "name": "small",
        "prompts": {"source": "rows.jsonl", "template": "t.md", "gold": "label"},
        "purpose": "task",
        "teacher": f"scripted:{folder / 'script.jsonl'}",
        "student": {"base": "smollm2-135m"},
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**recipe, **sections}, sort_keys=False), encoding="utf-8")
    return path


def stillhouse(*arguments: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user would; its environment has no key unless given."""
    return subprocess.run(
        command(*arguments), cwd=cwd, env=environment(**env), capture_output=True, text=True, timeout=240, check=False
    )


def tell(*arguments: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has Python started, for a command that only reads: `status`, `why`."""
    out, errors, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["stillhouse", *map(str, arguments)])
        patch.setattr(os, "environ", environment(**env))
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(command(*arguments), code, out.getvalue(), errors.getvalue())


def stages_of(recipe: Path, *options: str | Path, cwd: Path) -> dict[str, Any]:
    """The manifest's stages after `stillhouse run`, which must end well."""
    result = stillhouse("run", recipe, *options, "--json", cwd=cwd)
    assert result.returncode == 0, result.stderr
    stages: dict[str, Any] = json.loads(result.stdout)["manifest"]["stages"]
    return stages


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pipeline.cli", *map(str, arguments)]


def environment(**env: str) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    return {**keep, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **env}
