"""Decontamination: what repeats an evaluation row is found, edited or not, and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.folded import folded
from pipeline.curate.steps.decontaminate import Decontaminate
from pipeline.recipe.load import RECIPES, load_recipe
from pipeline.recipe.verdict import Drop, Sample, Side
from pipeline.stages import STAGES
from prompts.errors import InputError
from tests.pipeline.curate.make import rule_of, sample

MAILS = Path(__file__).parents[4] / "data" / "spam_assassin.jsonl"
TEMPLATE = "Is this mail spam or ham? Answer with one word, the label alone.\n\nSubject: a mail\n\n{}"


def numbered(texts: Sequence[str], split: Side = "train", completion: str = "ham") -> list[Sample]:
    return [
        sample(text, completion, split, prompt_id=f"{split} {index}", sample_id=f"{split} {index}")
        for index, text in enumerate(texts)
    ]


def dropped(samples: Sequence[Sample], config: Decontaminate | None = None) -> list[float]:
    """Each sample's score, 0 where it is kept."""
    found = rule_of(config or Decontaminate())(samples)
    return [verdict.score or -1 if isinstance(verdict, Drop) else 0 for verdict in found]


def mails(least_words: int) -> list[str]:
    rows = [json.loads(line) for line in MAILS.read_bytes().splitlines()]
    bodies = {row["group"]: row["body"] for row in rows}
    return [body for body in bodies.values() if len(folded(body).split()) >= least_words]


def edited(text: str, share: float, rng: random.Random) -> str:
    """At most that share of the words replaced, removed or preceded by another."""
    found = folded(text).decode().split()
    for at in sorted(rng.sample(range(len(found)), int(share * len(found))), reverse=True):
        how = rng.randrange(3)
        found[at : at + (how != 2)] = [] if how == 1 else [f"edit{rng.random()}"]
    return " ".join(found)


def test_verbatim_and_edited_mails_are_found_in_a_template_and_others_are_not() -> None:
    texts, rng = mails(10), random.Random(0)
    evaluation, others = texts[::2], texts[1::2]
    heldout = numbered([TEMPLATE.format(text) for text in evaluation], "heldout")
    clean = dropped([*heldout, *numbered([TEMPLATE.format(text) for text in others])])[len(heldout) :]
    verbatim = dropped([*heldout, *numbered([TEMPLATE.format(text.upper()) for text in evaluation])])[len(heldout) :]
    changed = dropped([*heldout, *numbered([TEMPLATE.format(edited(text, 0.1, rng)) for text in evaluation])])
    assert all(verbatim)
    assert sum(score > 0 for score in changed[len(heldout) :]) >= 0.98 * len(heldout)
    assert sum(score > 0 for score in clean) <= 16  # those read share a campaign or a frame: groups go by subject


def test_a_completion_that_holds_the_evaluation_row_is_dropped_and_a_short_answer_is_not() -> None:
    row = "how many of the nine red balloons are left when four have flown away"
    heldout = numbered([row, "ham"], "heldout")
    long, short = sample("tell me a riddle", f"Here is one: {row}?"), sample("what is it", "ham")
    assert dropped([*heldout, long, short]) == [0, 0, 1, 0]


@pytest.mark.parametrize("rows", [1, 2, 3, 40])
def test_the_words_that_every_prompt_has_do_not_count(rows: int) -> None:
    heldout = numbered([TEMPLATE.format(f"green {number}") for number in range(rows)], "heldout")
    train = numbered([TEMPLATE.format(f"blue {number}") for number in range(5)])
    assert not any(dropped([*heldout, *train]))
    assert dropped([*heldout, sample(TEMPLATE.format("Green: 0!")), *train])[rows] == 1


def test_a_short_row_must_be_a_whole_prompt() -> None:
    heldout = numbered(["Who was Ada Lovelace?"], "heldout")
    assert dropped([*heldout, sample("who was ada lovelace"), sample("who was ada lovelace married to")]) == [0, 1, 0]


@pytest.mark.parametrize(
    "text", ["", "x", "🙂🙂🙂", "שלום עולם, מה שלומך היום בבית הגדול הזה", "東京都は日本の首都です", "…"]
)
def test_odd_texts_meet_only_themselves(text: str) -> None:
    [_, _, other, same] = dropped([*numbered([text, "something"], "heldout"), sample("else"), sample(text)])
    assert not other
    assert bool(same) == bool(text)


def test_a_megabyte_and_a_hundred_thousand_equal_rows() -> None:
    heldout = numbered(["one two three four five six seven eight nine ten eleven twelve"], "heldout")
    assert dropped([*heldout, sample("word " * 200_000), sample("w" * 1_000_000)]) == [0, 0, 0]
    assert dropped([*heldout, *[sample("the same row again")] * 100_000]) == [0] * 100_001


def test_all_train_rows_may_be_dropped() -> None:
    text = "a row that stands on both sides of the split though it should only stand on one of them"
    assert dropped([*numbered([text, "b"], "heldout"), *numbered([text] * 3)]) == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "txt"])
def test_files_of_evaluation_rows(tmp_path: Path, kind: str) -> None:
    question = "At which temperature does water boil on top of the highest mountain of the world"
    ask = "Pick the right answer to the following question, from the four that are given below it:"
    rows = [
        f"{question}?",
        *(f"number {n} is a question of its own, and of nobody else {n} {n + 1} {n + 2}" for n in (7, 8, 9)),
    ]
    texts = {
        "jsonl": "\n".join(json.dumps({"ask": ask, "turns": [{"content": row}]}) for row in rows),
        "csv": "ask,question\n" + "\n".join(f'"{ask}","{row}"' for row in rows),
        "txt": "\n".join(rows),
    }
    (tmp_path / f"rows.{kind}").write_text(texts[kind], encoding="utf-8")
    config = Decontaminate(heldout=False, against=[tmp_path / f"rows.{kind}"])
    train = [sample(f"Question: {question.lower()}\nAnswer:"), sample(f"{ask} what is it?"), sample("else")]
    assert dropped(train, config) == [1, 0, 0]


def test_a_text_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_bytes(b"fine\n\xff\n")
    with pytest.raises(InputError, match=r"rows\.txt.*2.*UTF-8"):
        rule_of(Decontaminate(against=[tmp_path / "rows.txt"]))


def test_a_recipe_finds_its_files_says_which_is_missing_and_curates_again_when_one_changes(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("one", encoding="utf-8")
    (tmp_path / "mails.jsonl").write_text('{"subject": "a", "body": "b", "label": "spam"}\n', encoding="utf-8")
    shipped = (RECIPES / "quickstart.yaml").read_text(encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(shipped, encoding="utf-8")
    given = [
        "prompts.source=mails.jsonl",
        "prompts.template=spam",
        "curate.steps=[{step: decontaminate, against: [%s]}]",
    ]
    [curate] = [stage for stage in STAGES if stage.name == "curate"]

    def inputs() -> str:
        recipe = load_recipe(tmp_path / "recipe.yaml", [*given[:2], given[2] % "rows.txt"])
        return repr(curate.inputs(recipe))

    before = inputs()
    (tmp_path / "rows.txt").write_text("two", encoding="utf-8")
    assert inputs() != before
    with pytest.raises(InputError, match="no such file") as caught:
        load_recipe(tmp_path / "recipe.yaml", [*given[:2], given[2] % "gone.txt"])
    assert caught.value.field == "curate.steps.decontaminate.against"


QUESTION = "who was the current president of the united states when the first moon landing took place"


@pytest.mark.parametrize(
    ("text", "is_repeated"),
    [
        ("The current president of the United States spoke of the moon and of the first landing in a short speech.", 0),
        (f"Question: {QUESTION}?\nAnswer:", 1),
        (f"Question: {QUESTION.replace('moon', 'lunar')}?\nAnswer:", 1),
        (f"It began {'with a word ' * 50} {QUESTION.replace('first ', '')} {'and so on ' * 50}", 1),
    ],
)
@pytest.mark.parametrize("heldout", [True, False])
def test_a_short_row_is_found_by_its_words_in_order_not_by_a_phrase(
    tmp_path: Path, text: str, is_repeated: int, heldout: bool
) -> None:
    (tmp_path / "rows.txt").write_text(QUESTION, encoding="utf-8")
    held = numbered([QUESTION, "something else"] if heldout else [], "heldout")
    config = Decontaminate() if heldout else Decontaminate(heldout=False, against=[tmp_path / "rows.txt"])
    assert [bool(score) for score in dropped([*held, sample("a"), sample(text)], config)[-2:]] == [False, is_repeated]


@pytest.mark.parametrize(
    ("text", "is_repeated"),
    [
        ("They met on the Las Vegas Strip in a bar.", 0),
        ("Where did they meet? On the Las\nVegas strip!", 1),
        ("On the Las Vegas Strip", 1),
        ("Q: where?\nA: on the Las Vegas Strip\nQ: when?", 1),
        ("他们说：ＯＮ the Las Vegas Strip。", 1),
        ("on the Las Vegas Strip there is a bar", 0),
    ],
)
def test_five_to_nine_words_of_a_file_must_stand_alone(tmp_path: Path, text: str, is_repeated: int) -> None:
    (tmp_path / "rows.txt").write_text("on the Las Vegas Strip", encoding="utf-8")
    config = Decontaminate(heldout=False, against=[tmp_path / "rows.txt"])
    assert dropped([sample(text)], config) == [is_repeated]


def test_four_words_must_be_the_whole_turn_and_not_only_begin_it(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("Fifty Shades of Grey", encoding="utf-8")
    config = Decontaminate(heldout=False, against=[tmp_path / "rows.txt"])
    assert dropped([sample("Fifty Shades of Grey is a film."), sample("fifty shades of grey!")], config) == [0, 1]


def test_a_row_of_words_that_the_template_shares_is_found_by_its_own() -> None:
    heldout = numbered([TEMPLATE.format(f"{QUESTION} number {number}") for number in ("one", "two")], "heldout")
    edit = QUESTION.replace("landing", "descent")
    train = numbered([TEMPLATE.format(f"{edit} number one"), *(TEMPLATE.format(f"blue {n}") for n in range(5))])
    assert [bool(score) for score in dropped([*heldout, *train])] == [False, False, True, *[False] * 5]


def test_a_row_that_says_the_same_three_times_is_repeated_by_once() -> None:
    heldout = numbered([f"Answers: {QUESTION}. {QUESTION}. {QUESTION}.", "something else"], "heldout")
    assert [bool(score) for score in dropped([*heldout, sample(f"It is asked {QUESTION}.")])] == [False, False, True]


def test_a_document_of_one_phrase_over_and_over_takes_no_time() -> None:
    heldout = numbered([QUESTION, "something else"], "heldout")
    assert dropped([*heldout, sample("the united states when the " * 50_000)]) == [0, 0, 0]


LINES = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=14).map(" ".join), min_size=1, max_size=8)


@given(heldout=LINES, train=LINES, seed=st.randoms(use_true_random=False))
def test_laws(heldout: list[str], train: list[str], seed: random.Random) -> None:
    samples = [*numbered(heldout, "heldout"), *numbered(train)]
    verdicts = dict(zip([one.sample_id for one in samples], dropped(samples), strict=True))
    shuffled = seed.sample(samples, len(samples))
    assert dropped(shuffled) == [verdicts[one.sample_id] for one in shuffled]
    kept = [one for one in samples if not verdicts[one.sample_id]]
    assert not any(dropped(kept))
    stricter = dropped(samples, Decontaminate(overlap=0.8))
    assert all(verdicts[one.sample_id] for one, score in zip(samples, stricter, strict=True) if score)
    assert not any(verdicts[one.sample_id] for one in samples if one.split == "heldout")
