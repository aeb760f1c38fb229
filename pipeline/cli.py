"""The command line. Importing this loads neither torch nor any provider's SDK: commands import what they need."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from pipeline.dataset.format import export_formats
from prompts.errors import StillhouseError

if TYPE_CHECKING:
    from pipeline.recipe.recipe import Recipe

STAGES = ("generate", "curate", "train", "package", "evaluate", "report")
REVIEWS = ("argilla", "label-studio")
ENGINES = ("vllm", "llama.cpp", "transformers")
INTERRUPTED = 130

Command = TypeVar("Command", bound=Callable[..., Any])

_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object instead of text; progress as JSON lines on stderr where that is no terminal.",
)


def _recipe_options(command: Command) -> Command:
    options = (
        click.argument("recipe", type=click.Path(path_type=Path)),
        click.option("--dir", "run_dir", type=click.Path(path_type=Path), help="The run directory. [runs/NAME]"),
        click.option("--teacher", help="Another teacher: provider:model[@base_url]."),
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one field of the recipe."),
        _json,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="stillhouse")
def cli() -> None:
    """Distil a hosted teacher into a small student that you own."""


@cli.command()
@_recipe_options
@click.option("--until", type=click.Choice(STAGES), default=STAGES[-1], help="The last stage to run.")
@click.option("--from", "force_from", type=click.Choice(STAGES), help="Run again from here, changed or not.")
def run(until: str, force_from: str | None, **options: Any) -> None:
    """Run every stage of RECIPE that is not up to date. RECIPE is a YAML file or a shipped recipe's name."""
    _run(STAGES[0], until, force_from=force_from, **options)


def _stage_command(name: str, text: str) -> None:
    @cli.command(name, help=text)
    @_recipe_options
    def stage(**options: Any) -> None:
        _run(name, name, **options)


_stage_command("generate", "Ask the teacher what RECIPE still owes; write replies.parquet.")


@cli.command()
@_recipe_options
@click.option("--what-if", "changes", multiple=True, metavar="STEP.FIELD=VALUE", help="Say what this would change.")
def curate(changes: tuple[str, ...], **options: Any) -> None:
    """Keep or drop every reply, with a reason; write kept.parquet, dropped.parquet and dataset/.

    With --what-if, which may be given again, nothing is asked of a teacher or written: it says what would change.
    """
    if changes:
        _what_if(changes, **options)
    else:
        _run("curate", "curate", **options)


_stage_command("train", "Train the student on the kept rows.")
_stage_command("package", "Write the student in the forms that RECIPE's `exports` name: fewer bits, other runtimes.")
_stage_command("evaluate", "Compare teacher, base and student on the held-out prompts.")
_stage_command("report", "Write report.html, report.md and comparison.csv from the run.")


@cli.command()
@_recipe_options
def plan(recipe: Path, run_dir: Path | None, teacher: str | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Say what RECIPE would cost: calls, tokens, dollars, disk. Needs no key and sends nothing."""
    from pipeline.plan import make_plan, render_plan, require_memory

    loaded = _load(recipe, overrides, teacher)
    made = make_plan(loaded, _directory(run_dir, loaded))
    click.echo(json.dumps(made.to_dict()) if as_json else render_plan(made))
    require_memory(made.training)


@cli.command()
@click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Follow it until it ends; exits as the run does. --json: an object a line.")
@_json
def status(run_dir: Path, watch: bool, as_json: bool) -> None:
    """Say where a run stands, also while it runs."""
    from pipeline.explain.status import read_status, render_status

    if watch:
        from pipeline.explain.watch import follow

        sys.exit(follow(run_dir, as_json=as_json))
    _print(read_status(run_dir), as_json, render_status)


@cli.command()
@click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("sample", metavar="ID")
@_json
def why(run_dir: Path, sample: str, as_json: bool) -> None:
    """Tell one sample's whole story: request, attempts, verdicts, use. ID is a sample or prompt id, or its start."""
    from pipeline.explain.why import render_story, tell_story

    _print(tell_story(run_dir, sample), as_json, render_story)


@cli.command()
@click.argument("spec", required=False)
@click.option("--probe", "ask", is_flag=True, help="Ask SPEC with one tiny call and show what it really gives.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A field of a recipe's teacher: api=chat.")
@_json
def teachers(spec: str | None, ask: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    """List every adapter, what it can honour, and whether its key is present; or say so of the one teacher SPEC."""
    from pipeline.explain import probe
    from pipeline.explain import teachers as providers

    if spec is None:
        if ask or overrides:
            raise click.UsageError("name the teacher: stillhouse teachers SPEC --probe")
        _print(providers.list_providers(), as_json, providers.render_providers)
    elif ask:
        shown = probe.probe(providers.entry_of(spec, overrides))
        _print(shown, as_json, probe.render_probe)
        if shown["error"]:
            sys.exit(1)
    else:
        _print(providers.show_teacher(providers.entry_of(spec, overrides)), as_json, providers.render_teacher)


@cli.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--teachers", "specs", multiple=True, metavar="A,B,C", help="The teachers. [the recipe's own]")
@click.option("--rows", type=click.IntRange(min=1), default=50, show_default=True, help="Prompts that each is asked.")
@click.option("--judge", metavar="SPEC", help="Compares answers with the first teacher's, where there is no gold.")
@click.option("--dir", "run_dir", type=click.Path(path_type=Path), help="The run directory. [runs/NAME]")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one field of the recipe.")
@_json
def bakeoff(
    recipe: Path,
    specs: tuple[str, ...],
    rows: int,
    judge: str | None,
    run_dir: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ask several teachers the same few prompts of RECIPE; name the cheapest that is not significantly worse."""
    from pipeline.bakeoff.command import BakeoffOptions
    from pipeline.bakeoff.command import bakeoff as bake
    from pipeline.bakeoff.table import render
    from pipeline.run.progress import Progress

    loaded = _load(recipe, overrides, None)
    with Progress(as_json=as_json) as progress:
        result = bake(loaded, _directory(run_dir, loaded), BakeoffOptions(specs, rows, judge), progress)
    click.echo(json.dumps(result.to_dict()) if as_json else render(result))


@cli.command()
@_recipe_options
def tune(recipe: Path, run_dir: Path | None, teacher: str | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Try other settings for RECIPE's student; write the best as RUN/tuned.yaml. The section `tune` says which.

    Generates and curates first, where that is not up to date. Settings are compared on rows of the train split.
    """
    from pipeline.recipe.load import placed
    from pipeline.run.progress import Progress
    from pipeline.stages import run_stages
    from pipeline.train.distributed import require_launchable
    from pipeline.tune.search import tune as search
    from pipeline.tune.table import render

    require_launchable("tune")
    loaded = _load(recipe, overrides, teacher)
    with placed(recipe), Progress(as_json=as_json) as progress:
        outcome = search(
            loaded, _directory(run_dir, loaded), progress, lambda context: run_stages(context, "generate", "curate")
        )
    click.echo(json.dumps(outcome.to_dict(), default=str) if as_json else render(outcome))


@cli.command()
@click.argument("runs", metavar="RUN RUN ...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_json
def compare(runs: tuple[Path, ...], as_json: bool) -> None:
    """Put the students of several evaluated runs side by side, on the prompts that all hold out. Asks nobody."""
    from pipeline.compare.compare import compare_runs
    from pipeline.compare.table import render

    _print(compare_runs(runs), as_json, render)


@cli.command()
@click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--to", type=click.Choice(list(export_formats())), required=True, help="The format to write.")
@click.option("--out", type=click.Path(path_type=Path), help="A new file. [RUN/exports/TO-SPLIT.jsonl]")
@click.option("--split", type=click.Choice(("train", "heldout", "all")), default="train", show_default=True)
@_json
def export(run_dir: Path, to: str, out: Path | None, split: str, as_json: bool) -> None:
    """Write what RUN kept as a file that a hosted tuning job or another trainer reads."""
    from pipeline.dataset.export import export_run, render_export

    _print(export_run(run_dir, to, out, split), as_json, render_export)


@cli.command()
@click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--repo", required=True, metavar="ID", help="The dataset's name on the Hub: OWNER/NAME.")
@click.option("--private", is_flag=True, help="Make a new repository private.")
@_json
def push(run_dir: Path, repo: str, private: bool, as_json: bool) -> None:
    """Publish RUN's dataset card and kept rows on the Hugging Face Hub. Needs HF_TOKEN."""
    from pipeline.dataset.push import push as publish
    from pipeline.dataset.push import render_push

    _print(publish(run_dir, repo, private=private), as_json, render_push)


@cli.command()
@click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--with", "engine", type=click.Choice(ENGINES), help="The server. [the first that can: vLLM on a GPU, ...]"
)
@click.option("--export", metavar="NAME", help="Serve this GGUF export instead of the student: gguf-q8_0.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option(
    "--cascade",
    is_flag=False,
    flag_value="chosen",
    metavar="[CONFIDENCE]",
    help="Ask the teacher where the student is less sure than this, 0 to 1. [the one that evaluation chose]",
)
@click.option("--teacher", metavar="SPEC", help="The cascade's teacher. [the run's]")
@_json
def serve(run_dir: Path, as_json: bool, **options: Any) -> None:
    """Serve RUN's student as an OpenAI-compatible endpoint, by vLLM, llama.cpp or transformers, until Ctrl-C.

    The model is called `student`. With --cascade, each answer's field `stillhouse` says who gave it.
    """
    from pipeline.run.progress import Progress
    from pipeline.serve.command import ServeOptions
    from pipeline.serve.command import serve as serve_run
    from pipeline.serve.ready import render_ready

    def announce(ready: dict[str, Any]) -> None:
        _print(ready, as_json, render_ready)
        sys.stdout.flush()

    with Progress(as_json=as_json) as progress:
        serve_run(run_dir, ServeOptions(**options), announce, progress)


@cli.command()
@click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--by",
    type=click.Choice(("uncertainty", "disagreement", "random")),
    default="uncertainty",
    show_default=True,
    help="What is shown first: what the teacher was least sure of, or where answers differ.",
)
@click.option("--split", type=click.Choice(("train", "heldout", "all")), default="train", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="The most samples shown.")
@click.option("--reviewer", metavar="NAME", help="Who decides. [the login name]")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The page's port. [any that is free]")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
@click.option("--export", "to", type=click.Choice(REVIEWS), help="Write the samples and decisions to --out instead.")
@click.option("--out", type=click.Path(path_type=Path), help="A new file, for --export.")
@click.option("--import", "file", type=click.Path(path_type=Path), help="Add another tool's decisions instead.")
@click.option("--from", "source", type=click.Choice(REVIEWS), help="What wrote the file of --import.")
@_json
def review(
    run_dir: Path,
    to: str | None,
    out: Path | None,
    file: Path | None,
    source: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Go through RUN's samples in a local page: accept, reject, edit, relabel, choose the better of two.

    Every decision is in RUN/reviews.sqlite at once; the next `stillhouse run` obeys it. Ctrl-C ends the page.
    """
    from pipeline.review.command import review as go

    done, render = go(run_dir, to, out, file, source, as_json=as_json, **options)
    _print(done, as_json, render)


@cli.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@_json
def init(directory: Path, as_json: bool) -> None:
    """Write a starter recipe with its template and data into DIR."""
    from pipeline.recipe.starter import render_starter, write_starter

    _print(write_starter(directory), as_json, render_starter)


def main() -> NoReturn:
    """The `stillhouse` command: every foreseen error is one message and an exit code, never a traceback."""
    as_json = "--json" in sys.argv
    # Before torch loads: its idle threads would spin, and on shared cores steal the time of those that work.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        cli.main(standalone_mode=False)
        sys.exit(0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except StillhouseError as error:
        _fail(str(error), error.exit_code, as_json)
    except (KeyboardInterrupt, click.exceptions.Abort):
        _fail("interrupted; the same command goes on from here", INTERRUPTED, as_json)
    except MemoryError:
        _fail("no memory is left; what was journaled is safe, and the same command goes on from here", 1, as_json)
    except BrokenPipeError:
        sys.exit(1)


def _fail(message: str, exit_code: int, as_json: bool) -> NoReturn:
    if as_json:
        print(json.dumps({"error": message, "exit_code": exit_code}))
    print(f"stillhouse: {message}", file=sys.stderr)
    sys.exit(exit_code)


def _run(
    first: str,
    last: str,
    *,
    recipe: Path,
    run_dir: Path | None,
    teacher: str | None,
    overrides: tuple[str, ...],
    as_json: bool,
    force_from: str | None = None,
) -> None:
    from pipeline.explain.summary import read_summary, render_summary
    from pipeline.recipe.load import placed
    from pipeline.run.context import Context
    from pipeline.run.directory import RunDir, open_run
    from pipeline.run.progress import Progress
    from pipeline.stages import run_stages
    from pipeline.train import distributed as launched

    launched.require_launchable(last if first == last else "run", last)
    loaded = _load(recipe, overrides, teacher)
    if not launched.is_first():
        from pipeline.train.stage import join

        join(loaded, RunDir(_directory(run_dir, loaded)))
        return
    with (
        placed(recipe),
        launched.leading(),
        open_run(_directory(run_dir, loaded), loaded) as (directory, manifest),
        Progress(as_json=as_json, file=directory.now) as progress,
    ):
        run_stages(Context(loaded, directory, manifest, progress), first, last, force_from=force_from)
    _print(read_summary(directory, last), as_json, render_summary)


def _what_if(
    changes: tuple[str, ...],
    *,
    recipe: Path,
    run_dir: Path | None,
    teacher: str | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    from pipeline.explain.what_if import overrides_of, render_what_if, what_if
    from pipeline.run.progress import Progress

    now = _load(recipe, overrides, teacher)
    then = _load(recipe, (*overrides, *overrides_of(changes)), teacher)
    with Progress(as_json=as_json) as progress:
        found = what_if(now, then, _directory(run_dir, now), changes, progress)
    _print(found, as_json, render_what_if)


def _load(recipe: Path, overrides: tuple[str, ...], teacher: str | None) -> Recipe:
    from pipeline.recipe.load import load_recipe

    return load_recipe(recipe, overrides, teacher=teacher)


def _directory(run_dir: Path | None, recipe: Recipe) -> Path:
    return run_dir or Path("runs") / recipe.name


def _print(value: dict[str, Any], as_json: bool, render: Callable[[dict[str, Any]], str]) -> None:
    click.echo(json.dumps(value, default=str) if as_json else render(value))


if __name__ == "__main__":
    main()
