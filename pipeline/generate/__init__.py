"""The stage `generate`: what the recipe still owes is asked, and replies.parquet is written."""
