"""The bake-off: several teachers answer the same few prompts, and the cheapest that will do is named."""
