"""sft: cross-entropy on the teacher's text."""

from __future__ import annotations

from students.methods.declaration import Declaration

# A row is ids and labels: whatever can be done to a causal model's training can be done to it.
DECLARATION = Declaration(
    keeps_row_lengths=True,
    takes_features=True,
    takes_four_bits=True,
    takes_smaller_vocabulary=True,
    takes_sharding=True,
    takes_rows_without_padding=True,
)
