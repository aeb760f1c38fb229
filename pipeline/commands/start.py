"""What comes before the first stage: a starter, a plan, and which teacher."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pipeline.commands import options as take
from pipeline.commands.options import RecipeOptions, recipe_options, show


@click.command()
@click.argument("directory", metavar="DIR", type=take.PATH)
@take.as_json
def init(directory: Path, as_json: bool) -> None:
    """Write a starter recipe with its template and data into DIR."""
    from pipeline.recipe.starter import render_starter, write_starter

    show(write_starter(directory), render_starter, as_json=as_json)


@click.command()
@recipe_options
def plan(**options: Any) -> None:
    """Say what RECIPE would cost: calls, tokens, dollars, disk. Needs no key and sends nothing."""
    from pipeline.plan import make_plan, render_plan, require_memory

    asked = RecipeOptions(**options)
    loaded = asked.load()
    made = make_plan(loaded, asked.root(loaded))
    show(made, render_plan, as_json=asked.as_json)
    require_memory(made.training)


@click.command()
@click.argument("spec", required=False)
@click.option("--probe", "ask", is_flag=True, help="Ask SPEC with one tiny call and show what it really gives.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A field of a recipe's teacher: api=chat.")
@take.as_json
def teachers(spec: str | None, ask: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    """List every adapter, what it can honour, and whether its key is present; or say so of the one teacher SPEC."""
    from pipeline.explain import probe
    from pipeline.explain import teachers as providers
    from pipeline.explain.teacher_facts import facts_of

    if spec is None:
        if ask or overrides:
            raise click.UsageError("name the teacher: stillhouse teachers SPEC --probe")
        show(providers.list_providers(), providers.render_providers, as_json=as_json)
    elif ask:
        shown = probe.probe(providers.entry_of(spec, overrides))
        show(shown, probe.render_probe, as_json=as_json)
        if isinstance(shown.result, probe.Refused):
            sys.exit(1)
    else:
        show(facts_of(providers.entry_of(spec, overrides)), providers.render_teacher, as_json=as_json)


@click.command()
@take.recipe
@click.option("--teachers", "specs", multiple=True, metavar="A,B,C", help="The teachers. [the recipe's own]")
@click.option("--rows", type=click.IntRange(min=1), default=50, show_default=True, help="Prompts that each is asked.")
@click.option("--judge", metavar="SPEC", help="Compares answers with the first teacher's, where there is no gold.")
@take.run_dir
@take.overrides
@take.as_json
def bakeoff(specs: tuple[str, ...], rows: int, judge: str | None, **options: Any) -> None:
    """Ask several teachers the same few prompts of RECIPE; name the cheapest that is not significantly worse."""
    from pipeline.bakeoff.command import BakeoffOptions
    from pipeline.bakeoff.command import bakeoff as bake
    from pipeline.bakeoff.table import render
    from pipeline.run.progress import Progress

    asked = RecipeOptions(**options)
    loaded = asked.load()
    with Progress(as_json=asked.as_json) as progress:
        result = bake(loaded, asked.root(loaded), BakeoffOptions(specs, rows, judge), progress)
    show(result, render, as_json=asked.as_json)
