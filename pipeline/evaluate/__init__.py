"""Evaluation: teacher, base and student on the same rows through the same interface."""
