"""Economics: how fast the student is under load, what each one's calls cost, and when the distillation pays."""
