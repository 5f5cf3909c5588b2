"""Exercises and predictions: what they are, how an answer is judged, how it is shown.

    definitions   Exercise, Prediction: data and a judge; no notebook in them
    outcome       Right, Wrong, NotAttempted
    behaviour     runs an answer under many seeds of faults, and keeps the shortest that breaks it
    shelf         finds a definition by its id, "05.2", in `lab.exercises`
    views         what a cell holds: check, hint, solution; answer, reveal
    progress      what has been done, in a file of the learner's own

A notebook says `exercise("05.2").check(my_loop)`; the same definition is judged by tests and from
the command line (`lab.grade`).

Left out: grading a whole class into a table.
Read next: `definitions`, then a lesson's file in `lab.exercises`.
"""
