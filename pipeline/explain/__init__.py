"""Commands that only read: status, why, what-if, teachers, probe."""
