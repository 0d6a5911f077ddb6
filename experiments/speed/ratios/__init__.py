"""Ratios of time and memory, this package over something else, side by side in one process.

The lesson `speed` shows how fast a move is; this table holds every kind of work against the best
that is known beside it. A ratio above 1 says that this package is the slower one.

    python -m experiments.speed.ratios                       all rows
    python -m experiments.speed.ratios --only 'move*' 'law*' the rows whose names match
    python -m experiments.speed.ratios --output FOLDER       and a table, ratios.csv

A module here has one kind of work, and `rows()` yields its rows.
"""
