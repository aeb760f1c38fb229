from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.compare.compare import compare_runs
from pipeline.compare.entrant import Entrant, check_alike
from pipeline.compare.table import render
from pipeline.evaluate.answers.contestants import Contestant
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation import BASE, TEACHER
from prompts.errors import InputError
from tests.pipeline.compare.make import evaluated
from tests.pipeline.evaluate.make import LABELS, contestant, ends, known
from tests.pipeline.helpers import stillhouse


def test_runs_stand_side_by_side_on_the_same_prompts(tmp_path: Path) -> None:
    one, other = evaluated(tmp_path / "one", 20), evaluated(tmp_path / "other", 40)
    found = compare_runs([one, other])
    first, second = found.runs["one"], found.runs["other"]
    assert [known(run.student.score).value for run in (first, second)] == [0.5, 1.0]
    assert first.minus_first is None
    assert known(second.minus_first).value == 0.5
    assert ends(second.minus_first)[0] > 0.3
    assert (first.student.parameters, known(first.student.latency_p50_s).value) == (10, 0.1)
    assert "+0.500" in render(found)


def test_different_rows_are_compared_on_what_they_share(tmp_path: Path) -> None:
    one, other = evaluated(tmp_path / "one", 20), evaluated(tmp_path / "other", 99, first=15)
    found = compare_runs([one, other])
    assert (found.rows, found.runs["one"].left_out, found.runs["other"].left_out) == (25, 15, 15)
    assert known(found.runs["one"].student.score).value == 0.2
    assert found.verdict_withheld == "fewer than 30 rows"
    assert "15 of one" in render(found)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "nothing", "was not evaluated"),
        (lambda folder: evaluated(folder / "b", 40, first=60), "no prompt is held out and scored in all"),
        (lambda folder: evaluated(folder / "b", 40, config=Evaluate()), "was scored by 'exact'"),
        (lambda folder: folder / "a", "is named twice"),
    ],
)
def test_what_cannot_be_compared_says_why(tmp_path: Path, make: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        compare_runs([evaluated(tmp_path / "a", 40), make(tmp_path)])


def scored_by(scorer: str, **settings: Any) -> Evaluate:
    labels = settings.pop("labels", ["spam", "ham"])
    return Evaluate(scorer={"name": scorer, **settings}, labels=labels, resamples=200)


JUDGE = {"spec": "scripted:judge"}
FUNCTION = "def score(item):\n    return float(item['completion'] == 'spam'){}\n"


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (
            scored_by("numeric"),
            scored_by("numeric", tolerance=0.5),
            "another 'numeric' than .*: tolerance 0.5, not 0",
        ),
        (
            scored_by("json"),
            scored_by("json", fields=["kind"]),
            r'another \'json\' than .*: fields \["kind"\], not \[\]',
        ),
        (LABELS, scored_by("label", labels=["spam", "ham", "unsure"]), 'labels .*"unsure".*, not '),
        (scored_by("rouge"), scored_by("chrf"), "was scored by 'chrf', and .* by 'rouge'"),
        (
            scored_by("judge", judge=JUDGE),
            scored_by("judge", judge={"spec": "openai:m"}),
            "judge openai:m, not scripted",
        ),
        (
            scored_by("judge", judge=JUDGE),
            scored_by("judge", judge=JUDGE, rubric="short"),
            "rubric short, not the most",
        ),
    ],
)
def test_other_settings_are_another_scorer(one: Evaluate, other: Evaluate, says: str) -> None:
    first, second = (Entrant(name, Path(name), config.scoring, {}) for name, config in (("a", one), ("b", other)))
    with pytest.raises(InputError, match=rf"^b: field 'evaluate': .*{says}"):
        check_alike([first, second])
    check_alike([first, first])


def test_a_function_is_the_same_by_its_bytes_wherever_it_is(tmp_path: Path) -> None:
    runs = []
    for name, end in (("a", ""), ("b", ""), ("c", " * 0.5")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(FUNCTION.format(end))
        config = scored_by("function", function="mine.py:score").beside(tmp_path / name)
        runs.append(evaluated(tmp_path / name / "run", 20, count=30, config=config))
    assert compare_runs(runs[:2]).scoring["function"].startswith("mine.py (")
    with pytest.raises(InputError, match=r"function mine.py \(\w{12}\):score, not mine.py \("):
        compare_runs([runs[0], runs[2]])


def test_a_judge_compares_with_the_teacher_who_must_be_one(tmp_path: Path) -> None:
    config = scored_by("judge", judge=JUDGE)
    for name in ("gpt", "claude"):
        teacher = dataclasses.replace(contestant(TEACHER, ["eggs"] * 40), spec=f"scripted:{name}")
        evaluated(
            tmp_path / name, 20, config=config, others=[teacher], ask=lambda questions: dict.fromkeys(questions, "1")
        )
    with pytest.raises(InputError, match="teacher scripted:claude, not scripted:gpt"):
        compare_runs([tmp_path / "gpt", tmp_path / "claude"])


def test_a_run_of_an_older_version_is_refused_with_what_to_run(tmp_path: Path) -> None:
    one, other = evaluated(tmp_path / "one", 20), evaluated(tmp_path / "other", 40)
    (one / "evaluation.json").write_text('{"scorer": "label", "rows": 40, "student": {"score": 0.5}}')
    with pytest.raises(InputError, match=r"is of version 1 .* Run 'stillhouse run RECIPE --dir .*one --from evaluate'"):
        compare_runs([one, other])


def test_teachers_and_bases_that_differ_are_shown(tmp_path: Path) -> None:
    def others(teacher: str) -> list[Contestant]:
        return [contestant(TEACHER, [teacher] * 40), contestant(BASE, ["eggs"] * 40)]

    one = evaluated(tmp_path / "one", 20, others=others("spam"))
    other = evaluated(tmp_path / "other", 40, others=others("ham"))
    found = compare_runs([one, other])
    assert found.differing == (TEACHER,)
    assert [known(found.runs[name].others[TEACHER].score).value for name in ("one", "other")] == [1.0, 0.0]
    text = render(found)
    assert (text.count("its teacher"), text.count("its base")) == (2, 0)


def test_the_command(tmp_path: Path) -> None:
    evaluated(tmp_path / "one", 20), evaluated(tmp_path / "other", 40)
    result = stillhouse("compare", "one", "other", "--json", cwd=tmp_path)
    assert json.loads(result.stdout)["runs"]["other"]["student"]["score"]["value"] == 1.0
    alone = stillhouse("compare", "one", cwd=tmp_path)
    assert (alone.returncode, "two runs or more" in alone.stderr) == (2, True)
