"""How the house stands and how it reads: what the linters of `make check` cannot see, measured over all sources."""

from __future__ import annotations

import ast
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline", "teachers", "students", "prompts")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@cache
def sources() -> dict[Path, ast.Module]:
    """Every source file of the product, parsed."""
    listed = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard", *PACKAGES], cwd=ROOT, text=True)
    paths = [ROOT / line for line in listed.splitlines() if line.endswith(".py") and (ROOT / line).is_file()]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    """The folder of a file. The three that lie loose in pipeline/ are a room each: two doors, and what runs when."""
    room = path if path.parent == ROOT / "pipeline" else path.parent
    return str(room.relative_to(ROOT))


def file_of(module: str) -> Path | None:
    """The file that a dotted name is in, or is; None where it is not ours."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return None
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return file
    return None


def rooms() -> dict[str, set[str]]:
    """Room -> the rooms that its files import; the loose files of another package are one room."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for path, tree in sources().items():
        here = room_of(path)
        there = {room_of(file) for name in imported(tree) if (file := file_of(name)) is not None}
        arrows[here] |= there - {here}
    return arrows


def test_no_room_is_above_and_below_another() -> None:
    left = rooms()
    while free := [room for room, below in left.items() if not below & left.keys()]:
        for room in free:
            del left[room]
    assert not left, "these rooms import each other in a cycle"


def test_three_files_lie_loose_in_the_pipeline() -> None:
    assert {path.name for path in ROOT.joinpath("pipeline").glob("*.py")} == {"__init__.py", "cli.py", "stages.py"}


def test_nobody_asks_what_kind_of_step_it_is() -> None:
    asking = []
    for path, tree in sources().items():
        if path.parent == ROOT / "pipeline/curate/steps":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node).startswith("isinstance(step,"):
                asking.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert asking == []


def test_no_function_is_long() -> None:
    lengths = []
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lengths.append((node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}"))
    assert [entry for entry in lengths if entry[0] > 50] == []
    assert sum(length > 30 for length, _ in lengths) < len(lengths) / 100


def test_files_are_short() -> None:
    counts = sorted(lines(path) for path in sources())
    assert counts[len(counts) // 2] < 100


def test_no_conditional_expression_is_inside_another() -> None:
    nested = []
    for path, tree in sources().items():
        for node in ast.walk(tree):
            inner = (child for child in ast.walk(node) if child is not node)
            if isinstance(node, ast.IfExp) and any(isinstance(child, ast.IfExp) for child in inner):
                nested.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert nested == []


@pytest.mark.parametrize(("kinds", "most"), [((ast.IfExp,), 15), (COMPREHENSIONS, 30)])
def test_code_is_not_dense(kinds: tuple[type[ast.AST], ...], most: int) -> None:
    """In 1,000 lines; the field's best have 9 to 18 conditional expressions and 8 to 17 comprehensions."""
    total = sum(lines(path) for path in sources())
    dense = sum(isinstance(node, kinds) for tree in sources().values() for node in ast.walk(tree))
    assert 1000 * dense / total < most


def test_the_report_reads_attributes() -> None:
    """String-keyed look-ups in 1,000 lines of report/: what the type checker cannot see."""
    report = {path: tree for path, tree in sources().items() if ROOT / "pipeline/report" in path.parents}
    keyed = 0
    for tree in report.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                keyed += isinstance(node.slice.value, str)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
                keyed += isinstance(node.args[0] if node.args else None, ast.Constant)
    assert 1000 * keyed / sum(lines(path) for path in report) < 20
