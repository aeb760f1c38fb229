"""The commands of `stillhouse`: what each takes, and which room does it. Importing them loads click and nothing else.

options.py   what several commands take, and how a result is shown
stages.py    run, and a command a stage
start.py     init, plan, teachers, bakeoff
explain.py   status, why, compare
data.py      review, export, push
student.py   tune, serve

A command is a function here: its options above it, its help in its docstring, and late imports in its body.
`tests/pipeline/command_line.txt` has them all as their users read them.
"""
