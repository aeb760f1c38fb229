"""What is computed of scores and probabilities, and how sure it is. Arrays in, numbers out."""
