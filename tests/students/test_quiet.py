"""Libraries that keep silent, and get their settings back."""

from __future__ import annotations

import warnings

import pytest
from transformers.utils import logging

from students.quiet import quiet


def test_settings_come_back_even_after_an_error() -> None:
    logging.set_verbosity_info()
    logging.enable_progress_bar()
    try:
        with pytest.raises(ValueError, match="x"), quiet():
            assert logging.get_verbosity() == logging.ERROR
            assert not logging.is_progress_bar_enabled()
            raise ValueError("x")
        assert logging.get_verbosity() == logging.INFO
        assert logging.is_progress_bar_enabled()
    finally:
        logging.set_verbosity_warning()


def test_plans_for_the_future_are_not_shown_and_other_warnings_are() -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with quiet():
            warnings.warn("will be renamed", FutureWarning, stacklevel=1)
            warnings.warn("is wrong", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in shown] == ["is wrong"]
