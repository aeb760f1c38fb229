"""What several scorers share: overlap with gold, and processes with limits."""
