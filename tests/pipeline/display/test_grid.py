"""Tables for commands, as they are written where there is no terminal."""

from __future__ import annotations

from pipeline.display.grid import PLAIN_WIDTH, plain, render_grid
from pipeline.display.wording import DASH, GLUE


def test_a_table_is_markdown_in_plain_ascii() -> None:
    text = render_grid(["who", "score"], [["base", "0.5"], ["a teacher", f"1{GLUE}000"], ["[red]", DASH]])
    lines = text.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["who", "score"]
    assert cells[2:] == [["base", "0.5"], ["a teacher", "1 000"], ["[red]", "-"]]
    assert text.isascii()
    assert lines[2].index("0.5") > lines[0].index("score")  # figures stand to the right


def test_cells_that_are_too_long_are_folded_and_lose_nothing() -> None:
    long = "x" * 300
    text = render_grid(["a", "b"], [[long, "1"]])
    assert text.count("x") == 300
    assert max(map(len, text.splitlines())) <= PLAIN_WIDTH


def test_plain_text_has_no_signs_of_typography() -> None:
    assert plain(f"a{GLUE}b {DASH} c") == "a b - c"
