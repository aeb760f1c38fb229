"""What a recipe would cost, before anything is spent. Reads files only: no key, no network.

    source ──sample──▶ what some prompts owe ─┐
                                              ├──▶ shares ──▶ lanes ──▶ totals
    journal ──sample──▶ what replies took ────┘

Every number is an interval; what it rests on is said beside it.

    estimate.py     intervals: from samples, added, multiplied
    sample.py       the source counted, some of its prompts rendered, what these still owe
    measured.py     tokens, seconds and bytes of the replies that the journal has
    seat.py         a teacher's share: its calls and tokens; lanes.py: its dollars and hours, by lane
    judging.py      the evaluation's judge: at most what it is asked and paid
    whole.py        all of that; totals.py: dollars, hours, disk and budget of all teachers together
    training.py     the student's memory on this machine, and what would fit
    remarks.py      what the numbers rest on
    make.py         the plan as data; render.py: as text
"""

from pipeline.plan.make import make_plan
from pipeline.plan.render import render_plan
from pipeline.train.memory import require_memory

__all__ = ["make_plan", "render_plan", "require_memory"]
