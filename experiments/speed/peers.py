"""Other libraries in the speed experiment; one that is not installed does not run.

Each has the form of the contestants in `contestants`.
"""

from typing import Any

import numpy as np

from experiments.speed.contestants import Call, thresholds


def jax(energies: np.ndarray, particles: int, sweeps: int) -> Call | None:
    """Return the table algorithm in JAX, all sweeps compiled into one loop; for powers of two."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return None
    bits, table = energies.size.bit_length() - 1, jnp.asarray(thresholds(energies))

    def sweep(carried: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        state, key = carried
        key, now = jax.random.split(key)
        words = jax.random.bits(now, (particles,), jnp.uint32)
        offered = words >> (32 - bits)
        accepted = (words << bits) < table[(state << bits) | offered]
        return (jnp.where(accepted, offered, state), key), None

    start = (jnp.zeros(particles, jnp.uint32), jax.random.key(0))
    run = jax.jit(lambda carried: jax.lax.scan(sweep, carried, length=sweeps)[0])
    return lambda: run(start)[0].block_until_ready()


def torch(energies: np.ndarray, particles: int, sweeps: int) -> Call | None:
    """Return the textbook step in PyTorch, whole tensors at once, on one thread."""
    try:
        import torch
    except ImportError:
        return None
    energy, generator = torch.from_numpy(energies), torch.Generator().manual_seed(0)
    states = torch.zeros(particles, dtype=torch.int64)

    def run() -> None:
        nonlocal states
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        for _ in range(sweeps):
            offered = torch.randint(energies.size, (particles,), generator=generator)
            ratio = torch.exp(energy[states] - energy[offered])
            states = torch.where(
                torch.rand(particles, generator=generator) < ratio, offered, states
            )
        torch.set_num_threads(threads)

    return run


def emcee(energies: np.ndarray, particles: int, sweeps: int) -> Call | None:
    """Return Metropolis moves of emcee, a walker for each particle, all weighed in one call."""
    try:
        import emcee
    except ImportError:
        return None

    def propose(levels: np.ndarray, generator: Any) -> tuple[np.ndarray, np.ndarray]:
        return generator.randint(energies.size, size=levels.shape).astype(float), np.zeros(
            len(levels)
        )

    def log_weight(levels: np.ndarray) -> np.ndarray:
        return -energies[levels[:, 0].astype(int)]

    sampler = emcee.EnsembleSampler(
        particles, 1, log_weight, moves=emcee.moves.MHMove(propose), vectorize=True
    )
    start = emcee.State(np.zeros((particles, 1)), random_state=np.random.RandomState(0).get_state())
    return lambda: sampler.run_mcmc(start, sweeps, skip_initial_state_check=True, store=False)


PEERS = {"JAX, tables": (jax, 20), "PyTorch, plain": (torch, 5), "emcee": (emcee, 2)}
