"""A run's evaluation: who is compared, the records of evaluation.json, and the file itself."""

from __future__ import annotations

TEACHER, CALIBRATED, BASE, STUDENT = NAMES = ("teacher", "teacher_calibrated", "base", "student")
"""Every contestant there can be, in the order they are shown. `teacher_calibrated` is the teacher's answers
after curation relabelled them: what the student was trained towards."""

VERSION = 2
"""Of the file's form; files without one are of version 1. A field that is added, renamed or means something else makes
another version: a reader must not take one number for another."""
