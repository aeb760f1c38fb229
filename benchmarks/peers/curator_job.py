"""Curator's OpenAI backend: URL REQUESTS IN_FLIGHT. Its limits a minute are set out of the way; all else as it comes.

It counts tokens with a vocabulary from the network; litellm, which it needs, ships the same file.
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.peers.job import SYSTEM, Job, timed


def shipped_vocabularies() -> str:
    """Where litellm keeps them; found without importing it."""
    found = find_spec("litellm")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "litellm_core_utils" / "tokenizers")


def main() -> None:
    job = Job.from_arguments()
    os.environ |= {"TIKTOKEN_CACHE_DIR": shipped_vocabularies(), "TELEMETRY_ENABLED": "false"}
    from bespokelabs import curator

    class Sorter(curator.LLM):  # type: ignore[misc]  # a peer, in an environment of its own
        def prompt(self, row: Any) -> Any:
            return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": row["mail"]}]

    model = Sorter(
        model_name="m",
        backend="openai",
        generation_params={"temperature": 0, "max_tokens": 20},
        backend_params={
            "base_url": job.url,
            "api_key": "none",
            "max_concurrent_requests": job.in_flight,
            "max_requests_per_minute": 1_000_000,
            "max_tokens_per_minute": 1_000_000_000,
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        with timed(job):
            made = model([{"mail": text} for text in job.texts], working_dir=folder)
        job.rows = sum(text is not None for text in made.dataset["response"])
    job.tell()


if __name__ == "__main__":
    main()
