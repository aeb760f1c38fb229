"""Wrappers around a teacher: retry, pace, meter; and what one account allows."""
