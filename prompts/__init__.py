"""The shared vocabulary: messages, prompts, templates and the rows they are made from."""
