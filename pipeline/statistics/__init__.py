"""Intervals and measures over numbers; nothing here knows a run."""
