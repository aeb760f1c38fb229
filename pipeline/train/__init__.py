"""The stage `train`: a student from the kept rows, and its card."""
