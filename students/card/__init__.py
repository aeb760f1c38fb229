"""The model card: what a student is, what it was made from, under whose terms, and how to run it."""
