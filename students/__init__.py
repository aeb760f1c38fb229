"""Students: a base model, a method and a corpus become a model directory."""
