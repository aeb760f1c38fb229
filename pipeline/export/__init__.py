"""A run's corpus as the files that hosted tuning jobs and other trainers read. One format a file."""
