"""Child processes: limits, signals, how they end with their parent, what they said last."""
