"""One way to solve each exercise: `exercise_02_1.py` is for 02.1.  Without them, none is shown."""
