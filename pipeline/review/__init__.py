"""Review: a person goes through samples; what they decide is stored in the run, and curation obeys it."""
