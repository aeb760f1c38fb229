"""DataDesigner's seed file and one LLM column: URL REQUESTS IN_FLIGHT. All else as it comes; no metrics port."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks.peers.job import SYSTEM, Job, timed


def main() -> None:
    job = Job.from_arguments()
    import data_designer.config as dd
    from data_designer.interface import DataDesigner

    how = dd.ChatCompletionInferenceParams(temperature=0, max_tokens=20, max_parallel_requests=job.in_flight)
    model = dd.ModelConfig(alias="m", model="m", provider="p", inference_parameters=how)
    builder = dd.DataDesignerConfigBuilder([model])
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder, "mails.jsonl")
        seeds.write_text("".join(json.dumps({"mail": text}) + "\n" for text in job.texts))
        builder.with_seed_dataset(dd.LocalFileSeedSource(path=str(seeds)))
        builder.add_column(
            dd.LLMTextColumnConfig(name="label", model_alias="m", system_prompt=SYSTEM, prompt="{{ mail }}")
        )
        provider = dd.ModelProvider(name="p", endpoint=job.url, api_key="none")
        designer = DataDesigner(folder, model_providers=[provider])
        designer.set_run_config(dd.RunConfig(otel_metrics_port=None))
        with timed(job):
            made = designer.create(builder, num_records=job.requests)
        job.rows = int(made.load_dataset()["label"].notna().sum())
    job.tell()


if __name__ == "__main__":
    main()
