"""What a recipe would cost, before anything is spent. Reads files only: no key, no network.

estimate.py     intervals: from samples, added, multiplied
sample.py       the source counted, some of its prompts rendered, what these still owe
measured.py     tokens, seconds and bytes of the replies that the journal has
seat.py         one teacher's calls and tokens; lanes.py: their dollars and hours, by lane
make.py         the plan as data; render.py: as text
"""

from pipeline.plan.make import make_plan
from pipeline.plan.render import render_plan

__all__ = ["make_plan", "render_plan"]
