"""Learning from a teacher's stored probabilities beside its text."""
