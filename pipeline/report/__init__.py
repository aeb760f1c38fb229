"""The report: one self-contained page made from evaluation.json and the run."""
