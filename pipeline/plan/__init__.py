"""The cost of a recipe, before anything is spent. Reads files only: no key, no network.

    source ──sample──▶ what some prompts owe ─┐
                                              ├──▶ shares ──▶ lanes ──▶ totals ──▶ plan
    journal ──sample──▶ what replies took ────┘

Every number is an interval; what it rests on is said beside it.

    estimate.py     intervals: from samples, added, multiplied
    sample.py       the source counted, some of its prompts rendered, what these still owe
    past.py         tokens, seconds and bytes of the replies that the journal has
    share.py        a teacher's part: its calls and tokens; lanes.py: its dollars and hours, by lane
    judging.py      the evaluation's judge: at most what it is asked and paid
    workload.py     all of that; totals.py: dollars, hours, disk and budget of all teachers together
    remarks.py      what the numbers rest on
    plan.py         the plan as a record and as JSON; make.py: how it is made; render.py: as text
"""

from pipeline.plan.make import make_plan
from pipeline.plan.render import render_plan
from pipeline.train.memory import require_memory

__all__ = ["make_plan", "render_plan", "require_memory"]
