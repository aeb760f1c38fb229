"""Learning from a teacher's hidden states."""
