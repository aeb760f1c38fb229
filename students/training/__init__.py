"""Shared by the trainers of every method: settings, losses, validation, devices side by side, a teacher in memory."""
