"""The numbers: scores, differences, slices and probabilities, each with its interval."""
