from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.charts.forest import Row, Style, forest
from pipeline.report.charts.plot import Axis, Mark, Plot, Series, draw
from pipeline.report.charts.scales import Linear

WRITTEN = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)


def axis(name: str = "steps") -> Axis:
    return Axis(name, Linear(0, 10, 2), lambda value: f"{value:g}")


@given(WRITTEN)
def test_whatever_a_name_holds_the_drawing_is_one_element_with_that_text(name: str) -> None:
    drawn = draw(
        name, Plot(axis(), axis(), [Series(name, "student", [(0, 1), (5, 2)], dots=True)], [Mark(name, (5, 2))])
    )
    root = ET.fromstring(drawn)
    assert root.get("aria-label") == name
    assert root.find("./text[@class='mark-name']").text == (name or None)  # type: ignore[union-attr]  # it is there
    assert {one.tag for one in root.iter()} <= {"svg", "line", "text", "polyline", "circle"}


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=30))
def test_every_point_stands_within_the_plot(points: list[tuple[float, float]]) -> None:
    drawn = draw("x", Plot(axis(), axis(), [Series("a", "student", points)]))
    places = re.search(r'points="([^"]*)"', drawn)
    assert places is not None
    for place in places[1].split():
        across, down = map(float, place.split(","))
        assert 0 <= across <= 1000
        assert 0 <= down <= 220


def test_a_forest_plot_has_a_line_each_and_room_for_its_marks() -> None:
    rows = [Row("a", 0.5, [0.4, 0.6], 150), Row("b" * 500, 0.1, None)]
    plot = forest(rows, Style(str, str, through={0.0: "none", -0.02: "the margin"}))
    assert [line.rows for line in plot.lines] == [150, None]
    assert plot.through == "none (0) and the margin (−0.02)"
    assert len(plot.lines[1].drawing) < 2000
    assert ET.fromstring(plot.lines[0].drawing).get("role") == "img"
