"""Parts that several scorers share: overlap with gold, processes with limits."""
