"""Curation obeys reviewers: what is kept, dropped, preferred, masked and gold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.curate.both_sides import write_both
from pipeline.curate.curate import Extras, curate
from pipeline.curate.curated import Curated
from pipeline.curate.preferences import preferences
from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.calibrate import Calibrate
from pipeline.curate.steps.decontaminate import Decontaminate
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.pii import Pii
from pipeline.decisions.decision import Decision
from pipeline.decisions.rulings import rule
from pipeline.journal.columns import REPLIES
from pipeline.recipe.curate import Curate, Split
from pipeline.recipe.step import Step
from pipeline.run.counts import FunnelStep
from pipeline.run.records import read_rows, write_parquet
from prompts.messages import Message
from tests.pipeline.curate.make_rows import row
from tests.pipeline.review.make import decision


def curated(rows: list[dict[str, Any]], made: list[Decision], *steps: Step, heldout: float = 0.0) -> Curated:
    student_messages = {one["prompt_id"]: (Message("user", f"question {one['prompt_id']}"),) for one in rows}
    config = Curate(steps=list(steps), split=Split(heldout=heldout, near=None))
    result = curate(rows, student_messages, config, Extras(rulings=rule(made)))
    result.counts()  # nothing disappears
    return result


def pairs(result: Curated, *steps: Step) -> dict[str, tuple[str | None, str]]:
    made = preferences(result, Curate(steps=list(steps)))
    texts = {name: None if one.chosen is None else one.chosen.completion for name, one in made.items()}
    return {name: (texts[name], one.rejected.completion) for name, one in made.items()}


def test_a_rejected_reply_is_dropped_whichever_sample_says_it_and_is_worse_than_what_stays() -> None:
    rows = [row("p", 0, reply="spam"), row("p", 1, reply="Spam "), row("p", 2, reply="ham")]
    result = curated(rows, [decision("reject", "p/0", seen="spam")])
    assert {name: (one.step, one.reason) for name, one in result.dropped.items()} == {
        "p/0": ("review", "rejected"),
        "p/1": ("review", "rejected"),
    }
    assert pairs(result) == {"p/0": ("ham", "spam")}
    assert result.funnel == [FunnelStep("review", entered=3, left=1, reasons={"rejected": 2})]


def test_an_accepted_sample_is_kept_though_a_filter_drops_it_and_the_row_says_so(tmp_path: Path) -> None:
    rows = [row("p", reply="eggs"), row("q", reply="more eggs")]
    result = curated(rows, [decision("accept", "p/0", seen="eggs")], Format(choices=["spam", "ham"]))
    assert (set(result.kept), set(result.dropped)) == ({"p/0"}, {"q/0"})
    write_parquet(tmp_path / "replies.parquet", REPLIES, rows)
    write_both(tmp_path / "replies.parquet", result, tmp_path / "kept.parquet", tmp_path / "dropped.parquet")
    [kept], [dropped] = read_rows(tmp_path / "kept.parquet"), read_rows(tmp_path / "dropped.parquet")
    assert kept["review"] == {"kind": "accept", "step": "format", "reason": "not_a_choice"}
    assert dropped["review"] is None


def test_not_even_an_accepted_sample_trains_on_a_held_out_prompt() -> None:
    asked = "what is the answer to question number {} of the many that stand on both sides of a split"
    rows = [row(f"p{number}", reply="yes") for number in range(20)]
    student_messages = {f"p{number}": (Message("user", asked.format(f"{number // 2} " * 8)),) for number in range(20)}
    config = Curate(steps=[Decontaminate()], split=Split(heldout=0.5, near=None))
    made = [decision("accept", one["sample_id"], seen="yes") for one in rows]
    result = curate(rows, student_messages, config, Extras(rulings=rule(made)))
    assert {one.step for one in result.dropped.values()} == {"decontaminate"}
    assert result.dropped.keys() == curate(rows, student_messages, config).dropped.keys()


def test_a_persons_words_are_rewritten_by_pii_alone() -> None:
    made = [decision("edit", "p/0", text="ham, ask ann@example.org", seen="spam")]
    steps: list[Step] = [Calibrate(labels=["spam", "ham"], without_logprobs="use_reply"), Pii()]
    result = curated([row("p"), row("q")], made, *steps)
    assert result.kept["p/0"].completion == "ham, ask <EMAIL>"
    assert pairs(result, *steps) == {"p/0": ("ham, ask <EMAIL>", "spam")}


def test_a_relabel_leaves_no_place_for_the_prompts_other_replies() -> None:
    rows = [row("p", number, reply=text) for number, text in enumerate(["spam", "spam!", "ham"])]
    result = curated(rows, [decision("relabel", "p/0", text="ham", seen="spam")])
    assert {name: one.completion for name, one in result.kept.items()} == {"p/0": "ham"}
    assert {one.reason for one in result.dropped.values()} == {"overruled"}


def test_a_person_overrides_a_vote_by_accepting_or_preferring() -> None:
    rows = [row("p", number, reply=text) for number, text in enumerate(["spam", "spam", "ham"])]
    vote = Agreement(by="label")
    assert {one.completion for one in curated(rows, [], vote).kept.values()} == {"spam"}
    for made in (decision("accept", "p/2", seen="ham"), decision("prefer", "p/2", other_id="p/0")):
        result = curated(rows, [made], vote)
        assert {one.completion for one in result.kept.values()} == {"ham"}
    assert pairs(result, vote)["p/0"] == ("ham", "spam")


def test_a_preferred_reply_is_still_filtered() -> None:
    rows = [row("p", 0, reply="eggs"), row("p", 1, reply="ham")]
    result = curated(rows, [decision("prefer", "p/0", other_id="p/1")], Format(choices=["ham"]))
    assert (set(result.kept), pairs(result, Format(choices=["ham"]))) == ({"p/1"}, {})


def test_held_out_rows_get_gold_and_nothing_moves(tmp_path: Path) -> None:
    rows = [row(f"p{number}", reply="spam", gold="spam" if number % 2 else None) for number in range(30)]
    plain = curated(rows, [], heldout=0.5)
    held = sorted(name for name, one in plain.kept.items() if one.split == "heldout")
    made = [decision("relabel", name, prompt=name[:-2], text="ham", seen="spam") for name in held[:-2]]
    made += [decision("reject", name, prompt=name[:-2], seen="spam") for name in held[-2:]]
    result = curated(rows, made, heldout=0.5)
    assert {name: one.completion for name, one in result.kept.items()} == dict.fromkeys(plain.kept, "spam")
    assert held
    assert not result.dropped
    write_parquet(tmp_path / "replies.parquet", REPLIES, rows)
    write_both(tmp_path / "replies.parquet", result, tmp_path / "kept.parquet", tmp_path / "dropped.parquet")
    for one in read_rows(tmp_path / "kept.parquet"):
        decided = one["sample_id"] in held[:-2]
        known = "spam" if int(one["prompt_id"][1:]) % 2 else None
        assert one["gold"] == (known or ("ham" if decided else None))
        assert one["completion"][0]["content"] == "spam"


def test_without_a_review_curation_is_what_it_was() -> None:
    rows = [row("p"), row("q", reply="ham")]
    assert curated(rows, [], Exact()).funnel == [FunnelStep("exact", entered=2, left=2, reasons={})]
