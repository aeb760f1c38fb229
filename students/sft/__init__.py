"""Learning from the teacher's text."""
