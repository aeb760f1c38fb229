"""The making of a plan: read-only, from the recipe's files and its run's journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.journal.schema import reading
from pipeline.plan.estimate import total
from pipeline.plan.lanes import Lane, latency_s
from pipeline.plan.plan import Plan, PlannedTeacher
from pipeline.plan.remarks import remarks_on
from pipeline.plan.sample import LANES, Sample
from pipeline.plan.share import Share
from pipeline.plan.totals import budget_of, disk_bytes, lane_total
from pipeline.plan.workload import Workload, gather
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from pipeline.train.memory import plan_training


def make_plan(recipe: Recipe, root: Path) -> Plan:
    """Plans the calls still owed, tokens, dollars by lane, disk and hours, of all the recipe's prompts.

    From a sample of the prompts, and of the replies that the journal in `root` has. Raises InputError for a bad
    recipe, or a bad row among those sampled; RunError for a journal that cannot be read.
    """
    run = RunDir(root)
    path = run.journal
    if not path.exists():
        return _plan(gather(recipe, None), run)  # nothing was asked yet: a plan makes no run directory
    with reading(path) as journal:
        return _plan(gather(recipe, journal), run)


def _plan(work: Workload, run: RunDir) -> Plan:
    recipe, sample, judging = work.recipe, work.sample, work.judging
    teachers = [_planned(share, lanes) for share, lanes in zip(work.shares, work.lanes, strict=True)]
    # What has an interval is of all who are asked; `calls` as one number is of the teachers alone.
    everyone, judge = list(work.shares), None
    if judging is not None:
        everyone.append(judging.share)
        judge = _planned(judging.share, [judging.lane])
    return Plan(
        teachers=tuple(teachers),
        judge=judge,
        rows=sample.rows,
        sampled_rows=_rows_read(sample),
        prompts=sample.population,
        samples=sample.population * work.chains_a_prompt,
        owed=work.owed,
        calls=total(share.calls for share in everyone),
        input_tokens=total(share.input_tokens for share in everyone),
        output_tokens=total(share.output_tokens for share in everyone),
        lane=recipe.generate.lane,
        lanes={name: lane_total(work, name) for name in LANES},
        disk_bytes=disk_bytes(work),
        budget=budget_of(work),
        training=plan_training(recipe),
        remarks=tuple(remarks_on(work, run)),
    )


def _rows_read(sample: Sample) -> int:
    if sample.is_all:
        return len(sample.prompts) + sample.repeats
    return len(sample.prompts)


def _planned(share: Share, lanes: Sequence[Lane]) -> PlannedTeacher:
    endpoint, by_name = share.endpoint, {lane.name: lane for lane in lanes}
    return PlannedTeacher(
        teacher=endpoint.entry.label,
        calls=share.calls,
        left_out=tuple(endpoint.left_out),
        measured_replies=len(share.past.output_tokens_N),
        input_tokens=share.input_tokens,
        output_tokens=share.output_tokens,
        latency_s=latency_s(share),
        lanes={name: by_name.get(name) for name in LANES},
        key_needed=" or ".join(endpoint.description.keys) if endpoint.description.needs_key else None,
        key_present=endpoint.description.key_present,
    )
