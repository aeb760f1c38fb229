"""The pipeline: the only layer that knows all the others."""
