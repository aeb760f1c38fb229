"""On-policy distillation from a teacher of another vocabulary."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from prompts.errors import InputError
from students.config import StudentConfig
from students.methods.on_policy import OnPolicy
from students.on_policy.gold import require_gold
from students.result import Progress
from tests.models import save_tiny
from tests.students.kills import same_after_a_kill
from tests.students.on_policy.test_method import run
from tests.students.samples import HAM
from tests.students.sft.test_method import answer
from tests.students.sft.test_method import run as run_sft

# Imported directly here; students.on_policy.gold silences it for a user.
pytestmark = pytest.mark.filterwarnings("ignore:You are importing from")


@pytest.fixture(scope="session")
def stranger(other_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with that tokenizer, and random weights."""
    return save_tiny(other_tokenizer, tmp_path_factory.mktemp("stranger"), layers=2)


@pytest.fixture
def config(tiny: Path, stranger: Path) -> StudentConfig:
    settings = OnPolicy(teacher=str(stranger), beta=0.5, max_new_tokens=4)
    return StudentConfig(
        base=str(tiny), method="on_policy", on_policy=settings, epochs=2, learning_rate=5e-3, batch_size=8, eval_every=1
    )


@pytest.fixture(scope="session")
def renumbered(tiny: Path, tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student itself, with every token under another id."""
    last = len(tokenizer) - 1
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    described["model"]["vocab"] = {piece: last - index for piece, index in described["model"]["vocab"].items()}
    for token in described["added_tokens"]:
        token["id"] = last - token["id"]
    special = {name: getattr(tokenizer, name) for name in ("bos_token", "eos_token", "pad_token")}
    template = tokenizer.chat_template
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(described)), chat_template=template, **special
    )
    model = AutoModelForCausalLM.from_pretrained(tiny)
    model.get_input_embeddings().weight.data = model.get_input_embeddings().weight.data.flip(0)
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        for settings in (model.config, model.generation_config):
            setattr(settings, name, getattr(made, name))
    place = tmp_path_factory.mktemp("renumbered")
    model.save_pretrained(place)
    made.save_pretrained(place)
    return place


@pytest.mark.slow
def test_a_student_is_at_no_distance_from_itself_under_other_ids(
    config: StudentConfig, renumbered: Path, corpus: Path, tmp_path: Path
) -> None:
    settings = OnPolicy(teacher=str(renumbered), beta=0.5, max_new_tokens=4)
    steps: list[Progress] = []
    still = {"on_policy": settings, "epochs": 1, "learning_rate": 1e-9}
    run(config.model_copy(update=still), corpus, tmp_path, steps)
    # Random weights now and then write half a character, which the teacher reads as another text.
    assert median(step.loss for step in steps) == pytest.approx(0, abs=1e-4)
    assert max(step.loss for step in steps) < 0.02


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_student_learns_from_a_teacher_of_another_vocabulary(
    config: StudentConfig, corpus: Path, tmp_path: Path, stranger: Path, tiny: Path
) -> None:
    sft = StudentConfig(base=str(stranger), epochs=24, learning_rate=1e-2, batch_size=8, eval_every=24)
    run_sft(sft, corpus, tmp_path / "teacher")
    begun = sft.model_copy(update={"base": str(tiny), "epochs": 3, "learning_rate": 5e-3})
    run_sft(begun, corpus, tmp_path / "begun")
    settings = OnPolicy(teacher=str(tmp_path / "teacher" / "student"), beta=0.5, max_new_tokens=4)
    changes = {"base": str(tmp_path / "begun" / "student"), "on_policy": settings, "epochs": 8, "eval_every": 2}
    steps: list[Progress] = []
    result = run(config.model_copy(update=changes), corpus, tmp_path, steps)
    watched = [step.validation_loss for step in steps if step.validation_loss is not None]
    assert steps[-1].loss < steps[0].loss / 2
    assert result.validation_loss < watched[0]  # of the corpus's answers, which it never saw
    assert answer(tmp_path / "student", HAM) == "ham<|im_end|>"
    assert result.tokens > 0


@pytest.mark.slow
def test_a_killed_training_draws_the_answers_that_an_undisturbed_one_does(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    parted = config.model_copy(update={"accumulation": 2, "batch_size": 4})
    same_after_a_kill(run, parted, corpus, tmp_path, within=1e-6)


@pytest.mark.parametrize("installed", ["1.16.0", "1.16.4"])
def test_the_release_of_trl_that_it_is_written_for_is_taken(installed: str) -> None:
    require_gold(installed)


@pytest.mark.parametrize("installed", ["1.15.2", "1.17.0", "2.0.0"])
def test_other_releases_of_trl_are_refused_with_what_to_install(installed: str) -> None:
    with pytest.raises(InputError, match=r"trl .* is installed\. pip install 'trl>=1\.16,<1\.17'"):
        require_gold(installed)
