"""datatrove's inference runner, with its journal and its client for hosts: URL REQUESTS IN_FLIGHT [journal] [hosted]

To http://localhost and 127.0.0.1 it writes to a bare socket, and takes a 429 for an error; to all others it uses the
openai SDK, and retries. 127.1 is the same address under a name that it does not take for this machine.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers.job import SYSTEM, Job, timed


def endpoint(url: str) -> str:
    """What the bare client is given, or the SDK's."""
    return url.replace("127.0.0.1", "127.1") if "hosted" in sys.argv else url.removesuffix("/v1")


def main() -> None:
    job = Job.from_arguments()
    from datatrove.data import Document
    from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
    from datatrove.pipeline.writers import JsonlWriter

    async def rollout(document: Any, generate: Any) -> Any:
        turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": document.text}]
        return await generate({"messages": turns, "max_tokens": 20, "temperature": 0})

    documents = [Document(text=text, id=str(number)) for number, text in enumerate(job.texts)]
    name = "${rank}_${chunk_index}.jsonl" if "journal" in sys.argv else "${rank}.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        runner = InferenceRunner(
            rollout_fn=rollout,
            config=InferenceConfig(
                server_type="endpoint",
                model_name_or_path="m",
                endpoint_url=endpoint(job.url),
                api_key="none",
                max_concurrent_generations=job.in_flight,
                server_ready_delay_sec=0.1,
            ),
            output_writer=JsonlWriter(f"{folder}/out", output_filename=name, compression=None),
            checkpoints_local_dir=f"{folder}/journal" if "journal" in sys.argv else None,
            records_per_chunk=100,
        )
        with timed(job):
            runner.run(documents, rank=0, world_size=1)
        job.rows = sum(path.read_text().count("\n") for path in Path(folder, "out").rglob("*.jsonl"))
    job.tell()


if __name__ == "__main__":
    main()
