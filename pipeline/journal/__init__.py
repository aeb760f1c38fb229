"""The journal: every attempt and every reply, on disk before it is used.

    request  ──intent──▶ attempts(outcome NULL) ──▶ sent to the teacher ──▶ settle ──▶ attempts(outcome), replies

One SQLite file in WAL mode with one writing thread. Intents and settlements from all requests in flight share
a commit (group commit): each caller's await returns when its own row is on disk. A kill at any moment leaves
a prefix of what was committed; an attempt without an outcome was in flight, and only those are asked again.

    schema.py       the tables, and opening the file
    writer.py       the thread that commits
    journal.py      Journal: want, intend, settle, owed
    declare.py      what a run wants, streamed in and swapped in whole
    owed.py         what is still to be asked, streamed out
    codec.py        replies as bytes; vocabulary.py: the tokens they are made of
    read.py         what `why` and `plan` read beside a running process; progress.py: what `status` does
    export.py       the journal as Arrow tables: replies.parquet
    columns.py      its columns, a line each: how to add one; unpack.py: what is packed in a row
"""
