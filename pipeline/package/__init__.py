"""The student's exports: written, run once, and recorded; evaluation scores them on the held-out rows."""
