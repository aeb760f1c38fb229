"""The dataset folder with its card, and its way to a hub that stands on loopback."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.dataset.push import push, render_push
from pipeline.run.directory import RunDir
from pipeline.run.errors import RunError
from prompts.errors import InputError, StillhouseError
from tests.servers.hub import Hub, serve_hub

TOKEN = "hf_" + "secret" * 5


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with serve_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


def test_push_sends_the_card_and_the_kept_rows_and_nothing_else(made: RunDir, hub: Hub) -> None:
    done = push(made.root, "me/mails", private=True)
    assert sorted(hub.files) == done["files"] == ["README.md", "data/heldout.parquet", "data/train.parquet"]
    assert hub.files["README.md"] == (made.dataset / "README.md").read_bytes()
    sent = pq.read_table(io.BytesIO(hub.files["data/train.parquet"]))
    assert sent.equals(pq.read_table(made.dataset / "data/train.parquet"))
    assert (hub.created[0]["type"], hub.created[0]["visibility"]) == ("dataset", "private")
    assert f"Bearer {TOKEN}" in hub.tokens
    assert "me/mails" in render_push(done)
    assert not any(TOKEN.encode() in path.read_bytes() for path in made.root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("part", "status", "message"),
    [
        ("", 401, "does not know this HF_TOKEN"),
        ("", 403, "may not write there"),
        ("/commit/", 409, "run the same command again"),
        ("/preupload/", 403, "may not write there"),
        ("/repos/create", 400, "the Hub refused it .HTTP 400"),
    ],
)
def test_a_refusal_is_one_message(made: RunDir, hub: Hub, part: str, status: int, message: str) -> None:
    hub.refuse[part] = status
    with pytest.raises(RunError, match=message) as error:
        push(made.root, "me/mails", private=False)
    assert TOKEN not in str(error.value)


def test_a_repository_that_is_there_is_used_again(made: RunDir, hub: Hub) -> None:
    push(made.root, "me/mails", private=False)
    push(made.root, "me/mails", private=False)
    assert len(hub.created) == 2


def test_no_network_is_one_message(made: RunDir, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RunError, match="cannot be reached"):
        push(made.root, "me/mails", private=False)


def test_what_is_missing_here_is_one_message(
    made: RunDir, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(root: Path, repo: str = "me/mails") -> str:
        with pytest.raises(InputError) as error:
            push(root, repo, private=False)
        return str(error.value)

    assert "is no repository's name" in refused(made.root, "a/b/c")
    copy = shutil.copytree(made.root, tmp_path / "copy")
    (copy / "dataset/README.md").unlink()
    assert "has no dataset card" in refused(copy)
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"status": "done"', '"status": "failed"'))
    assert "its curate stage is not done" in refused(copy)
    assert "is not a run directory" in refused(tmp_path)
    monkeypatch.delenv("HF_TOKEN")
    assert "HF_TOKEN is not set" in refused(made.root)
    assert not hub.created
    assert issubclass(InputError, StillhouseError)
