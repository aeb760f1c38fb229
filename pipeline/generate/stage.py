"""The generate stage: every wanted sample that has no reply is asked; replies.parquet is written from the journal."""

from __future__ import annotations

from pipeline.generate.generation import Generation
from pipeline.inference.batch.lane import check_lanes
from pipeline.inference.budget import check_budget
from pipeline.inference.endpoints import configure_teachers, warnings_about
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.run.context import Context
from pipeline.run.counts import GenerateCounts


def work(context: Context) -> GenerateCounts:
    """Asks what is owed and writes replies.parquet; returns the counts for the manifest.

    Raises KeyboardInterrupt when the user stopped it: the same command goes on from there.
    """
    recipe = context.recipe
    prompts = PromptStream(recipe)
    endpoints = configure_teachers(recipe, prompts.has_system)
    for endpoint in endpoints:
        for remark in warnings_about(endpoint):
            context.progress.say(f"generate: {remark}")
    if recipe.generate.lane == "batch":
        check_lanes(endpoints)
    check_budget(recipe, endpoints)
    generation = Generation(context, endpoints, prompts)
    if recipe.generate.accept is None:
        return generation.ask()
    from pipeline.generate.target import generate_until  # late: it loads all of curation, for the recipes with a goal

    return generate_until(generation, recipe.generate.accept)
