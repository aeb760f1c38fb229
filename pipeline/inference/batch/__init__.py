"""The same through a provider's batch jobs."""
