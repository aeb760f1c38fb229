"""distilabel's OpenAI model and TextGeneration: URL REQUESTS IN_FLIGHT. Its steps are processes; theirs is CPU too."""

from __future__ import annotations

import resource

from benchmarks.peers.job import SYSTEM, Job, timed


def main() -> None:
    job = Job.from_arguments()
    from distilabel.models.llms import OpenAILLM
    from distilabel.pipeline import Pipeline
    from distilabel.steps import LoadDataFromDicts
    from distilabel.steps.tasks import TextGeneration

    with Pipeline() as pipeline:
        rows = [{"instruction": text, "system_prompt": SYSTEM} for text in job.texts]
        load = LoadDataFromDicts(data=rows, batch_size=job.in_flight)
        model = OpenAILLM(
            model="m", base_url=job.url, api_key="none", generation_kwargs={"max_new_tokens": 20, "temperature": 0.0}
        )
        load >> TextGeneration(llm=model, input_batch_size=job.in_flight)
    with timed(job):
        made = pipeline.run.directory(use_cache=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    job.cpu_ms += (used.ru_utime + used.ru_stime) / job.requests * 1000
    job.rows = sum(text is not None for text in made["default"]["train"]["generation"])
    job.tell()


if __name__ == "__main__":
    main()
