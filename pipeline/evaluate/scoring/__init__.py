"""Parts that several scorers share: overlap with gold, processes with limits, files of the user's."""
