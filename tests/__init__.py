"""The tests: a regular package, because the wheel of llm-katan installs one of this name, which would hide ours."""
