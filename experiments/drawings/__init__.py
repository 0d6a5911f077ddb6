"""Figures that take more than a few lines, each under the name of its lesson.

A drawing sees only the table that the CSV holds. Lines are the law, points the simulation, open
markers the sampler.
"""
