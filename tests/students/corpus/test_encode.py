from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.corpus.data import TrainingRow
from students.corpus.encode import IGNORED, encode, encode_row, load_tokenizer

ROW = TrainingRow([{"role": "user", "content": "Spam or ham?"}], [{"role": "assistant", "content": "spam"}], "k")


def test_only_the_answer_and_its_end_are_taught(tokenizer: Any) -> None:
    encoded = encode_row(ROW, tokenizer)
    taught = [label for label in encoded["labels"] if label != IGNORED]
    assert tokenizer.decode(taught) == "spam<|im_end|>"
    assert encoded["input_ids"][-len(taught) :] == taught


def test_the_student_reads_in_training_what_it_reads_when_asked(tokenizer: Any) -> None:
    encoded = encode_row(ROW, tokenizer)
    prompt = [token for token, label in zip(*encoded.values(), strict=True) if label == IGNORED]
    asked = tokenizer.apply_chat_template(ROW.prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert prompt == asked


def test_a_template_that_ends_no_turn_still_teaches_to_stop(tokenizer: Any) -> None:
    import copy

    odd_tokenizer = copy.deepcopy(tokenizer)
    odd_tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    assert encode_row(ROW, odd_tokenizer)["input_ids"][-1] == tokenizer.eos_token_id


def test_a_row_that_is_too_long_is_left_out_whole_and_counted(tokenizer: Any) -> None:
    long = TrainingRow([{"role": "user", "content": "word " * 100}], ROW.completion, "k")
    encoded = encode([ROW, long], tokenizer, max_length=60)
    assert (len(encoded.rows), encoded.too_long) == (1, 1)
    assert encoded.rows[0] == encode_row(ROW, tokenizer)


def test_a_base_without_a_chat_template_is_refused(tokenizer: Any, tmp_path: Path) -> None:
    import copy

    odd_tokenizer = copy.deepcopy(tokenizer)
    odd_tokenizer.chat_template = None
    odd_tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"has no chat template. Use an instruct model"):
        load_tokenizer(str(tmp_path))


def test_a_base_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be loaded"):
        load_tokenizer(str(tmp_path))
