"""`stillhouse compare`: the students of several runs on the prompts that all of them hold out."""
