"""The front door for Python: what `pipeline` gives a notebook or a script, and what the command line does its work by.

recipes.py   load_recipe
work.py      run: stages brought up to date
opened.py    Run, open_run: what a run holds
rows.py      Rows: a file of a run as records, a table, or a Dataset
student.py   Student: the trained model, asked as it was taught
loops.py     work that wants an event loop of its own, where a notebook has one running
"""
