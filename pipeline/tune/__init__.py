"""`stillhouse tune`: trainings with other settings, and the recipe of the best."""
