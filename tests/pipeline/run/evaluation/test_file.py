"""evaluation.json is read whole, or refused with what to run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.run.directory import RunDir
from pipeline.run.evaluation import VERSION
from pipeline.run.evaluation.file import read_evaluation, write_evaluation
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.parse import parse
from prompts.errors import InputError
from tests.pipeline.report.make import full_evaluation, with_contestants

OLD = Path(__file__).parent / "version1.json"
"""As it was before it had a version: a small run's, with most of its examples cut off."""


def test_what_is_written_is_read_to_the_digit(tmp_path: Path) -> None:
    for evaluation in (full_evaluation(), with_contestants({})):
        write_evaluation(RunDir(tmp_path), evaluation)
        again = read_evaluation(RunDir(tmp_path))
        assert again == evaluation
        assert orjson.dumps(again) == orjson.dumps(evaluation)  # 3 is not 3.0


def test_the_version_is_the_first_key(tmp_path: Path) -> None:
    write_evaluation(RunDir(tmp_path), full_evaluation())
    assert (tmp_path / "evaluation.json").read_text().split()[:2] == ["{", '"version":']


@pytest.mark.parametrize("version", [None, 1, VERSION + 1, "2"])
def test_another_version_is_refused_with_what_to_run(tmp_path: Path, version: Any) -> None:
    values = json.loads(OLD.read_text())
    if version is not None:
        values = {"version": version, **values}
    (tmp_path / "evaluation.json").write_text(json.dumps(values))
    with pytest.raises(InputError) as refused:
        read_evaluation(RunDir(tmp_path))
    assert f"is of version {version or 1} and this is version {VERSION}" in str(refused.value)
    assert f"Run 'stillhouse run RECIPE --dir {tmp_path} --from evaluate'" in str(refused.value)


def damaged(**changes: Any) -> bytes:
    """A whole file but for these keys; one that is to be gone is given as ...."""
    values: dict[str, Any] = {**json.loads(orjson.dumps(full_evaluation())), **changes}
    return orjson.dumps({key: value for key, value in values.items() if value is not ...})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is not JSON"),
        (b'{"version": 2, "scorer": "la', "is not JSON"),
        (b"[]", "is of version 1 and"),
        (damaged(rows=...), "rows: Field required"),
        (damaged(rows="150"), "rows: Input should be a valid integer"),
        (damaged(rows=True), "rows: Input should be a valid integer"),
        (damaged(retention=0.9), "retention: Unexpected keyword argument"),
        (damaged(agreement={"value": 0.9, "ci95": [0.8, 1.0]}), "agreement.n: Field required"),
        (damaged(agreement={"value": None, "ci95": None, "n": 3}), r"agreement.value.int: Input should be"),
        (damaged(agreement={"value": 0.9, "ci95": [0.8], "n": 3}), "agreement.ci95.1: Field required"),
        (damaged(economics={}), "economics.hourly_usd: Field required"),
    ],
)
def test_a_damaged_file_says_where(tmp_path: Path, text: bytes, says: str) -> None:
    (tmp_path / "evaluation.json").write_bytes(text)
    with pytest.raises(InputError, match=says) as refused:
        read_evaluation(RunDir(tmp_path))
    assert "--from evaluate'" in str(refused.value)


def test_without_one_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"was not evaluated. Run 'stillhouse run .* --from evaluate' first"):
        read_evaluation(RunDir(tmp_path))


def test_a_record_is_closed_at_every_depth() -> None:
    values = json.loads(orjson.dumps(full_evaluation()))
    values["cascade"]["chosen"]["score"]["stderr"] = 0.1
    with pytest.raises(ValueError, match=r"cascade\.chosen\.score\.stderr: Unexpected keyword argument"):
        parse(Evaluation, orjson.dumps(values))
