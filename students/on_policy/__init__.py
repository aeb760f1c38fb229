"""Learning from what a teacher in memory makes of the student's own answers."""
