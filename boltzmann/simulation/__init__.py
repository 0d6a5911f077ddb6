"""The simulation: Metropolis dynamics of independent particles on energy levels in a heat bath."""
