"""The gas on four levels that the tests of the ensemble share."""

import numpy as np

import boltzmann as bz

ENGINES = ("particles", "textbook", "counts")
MATRIX = [[0.5, 0.3, 0.0, 0.2], [0.1, 0.4, 0.5, 0.0], [0.0, 0.25, 0.25, 0.5], [0.6, 0.0, 0.1, 0.3]]
LEVELS = bz.EnergyLevels([0, 1, 1, 3], [1, 2, 1, 4], ["ground", "é", "\0", "top"])


def gas_of(engine="particles", *, particles=5000, temperature=0.7, seed=3, **keywords):
    return bz.Ensemble(LEVELS, temperature, particles, engine=engine, seed=seed, **keywords)


def same_run(first, second):
    names = ("occupancy", "energy", "heat", "acceptance", "counts")
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)
