"""`stillhouse push`: RUN/dataset to the Hugging Face Hub, or to the server that HF_ENDPOINT names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.run.directory import RunDir
from pipeline.run.errors import RunError
from prompts.errors import InputError, MissingExtra

MESSAGES = {
    401: "the Hub does not know this HF_TOKEN: make a new one with write access",
    403: "this HF_TOKEN may not write there: give it write access, or name a repository of your own",
    404: "the Hub has no such place: check the name before the '/' in --repo",
    409: "somebody else has changed the repository meanwhile: run the same command again",
}


def push(root: Path, repo: str, *, private: bool) -> dict[str, Any]:
    """Publishes the card and the kept rows' Parquet as the dataset `repo`, made if it is not there.

    The token comes from HF_TOKEN and is written nowhere. InputError for what is missing here, RunError for what the
    Hub or the network refuses.
    """
    folder = _folder(root)
    api = _open_hub()
    with _explained(repo, api.endpoint):
        # `private or None`: None leaves it to the owner's default, which may be private; False would not.
        made = api.create_repo(repo, repo_type="dataset", private=private or None, exist_ok=True)
        done = api.upload_folder(
            repo_id=made.repo_id, folder_path=folder, repo_type="dataset", commit_message="Published by stillhouse"
        )
    return {"repo": made.repo_id, "url": str(made), "commit": done.oid, "files": _files(folder)}


def render_push(done: dict[str, Any]) -> str:
    """Says what was published."""
    return f"published {len(done['files'])} files at {done['url']} (commit {done['commit']})"


def _open_hub() -> Any:
    """Returns the Hub's client, with the user's token; quiet where nobody watches."""
    token = os.environ.get("HF_TOKEN")
    if not token:
        raise InputError("HF_TOKEN is not set", remedy="Make a token with write access at the Hub and export HF_TOKEN")
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise MissingExtra("push", "hub") from error
    if not sys.stderr.isatty():  # a log of a hundred half bars helps nobody
        disable_progress_bars()
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)


@contextmanager
def _explained(repo: str, endpoint: str) -> Iterator[None]:
    """Raises what the Hub's client raises as errors of ours, which say what to do."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except HFValidationError as error:
        raise InputError(f"--repo '{repo}' is no repository's name", remedy="Give NAME or OWNER/NAME") from error
    except HfHubHTTPError as error:
        raise RunError(_refused(repo, error)) from error
    except OfflineModeIsEnabled as error:
        raise RunError("HF_HUB_OFFLINE is set: unset it to push") from error
    except (httpx2.TransportError, RuntimeError) as error:  # RuntimeError: a file's upload that failed, wrapped
        cause = error.__cause__ or error
        raise RunError(f"{endpoint} cannot be reached ({cause}); the same command sends it again") from error


def _folder(root: Path) -> Path:
    run = RunDir(root)
    curated = run.load_manifest().stages.get("curate")
    if curated is None or curated.status != "done":
        problem = "its curate stage is not done"
        if curated is not None and curated.error:
            problem += f": {curated.error}"
        raise InputError(problem, path=root, remedy="Run the curate stage first")
    if not (run.dataset / "README.md").exists():
        raise InputError("has no dataset card", path=root, remedy="Run the curate stage: it writes dataset/README.md")
    return run.dataset


def _refused(repo: str, error: Any) -> str:
    status = error.response.status_code
    # A proxy's error page may be long; the Hub's own message is a sentence.
    words = error.server_message or " ".join(str(error).split())[:300]
    return f"{repo}: {MESSAGES.get(status, 'the Hub refused it')} (HTTP {status}: {words})"


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
