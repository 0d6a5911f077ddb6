"""How a Markov chain forgets: its slowest mode, and the decay of that mode in counted particles."""

from dataclasses import dataclass

import numpy as np

from experiments.runner.table import Table

# A mode is followed until its amplitude is this many of its standard errors: the logarithm of so
# sharp a number is biased by 1/200 of its error.
SHARP = 100


def second_eigenvalue(chain: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the second largest |λ| of a chain (K, K) and √π f (K,), f being its mode: P f = λ f.

    Both are of the symmetric matrix √(P_ij P_ji) = √(π_i/π_j) P_ij, which has the eigenvalues of P
    if the chain has detailed balance.
    """
    values, vectors = np.linalg.eigh(np.sqrt(chain * chain.T))
    second = np.argsort(np.abs(values))[-2]
    return float(np.abs(values[second])), vectors[:, second]


@dataclass(frozen=True, eq=False)
class SlowestMode:
    """The mode f of a chain that decays last, seen from a start p₀."""

    second: float  # |λ₂|
    mode: np.ndarray  # (K,), f such that p₀ P^k f = λ₂^k for all k
    excess: np.ndarray  # (K,), c such that p₀ P^k → π + λ₂^k c

    @classmethod
    def of(cls, chain: np.ndarray, start: np.ndarray, equilibrium: np.ndarray) -> "SlowestMode":
        """Return that of a chain (K, K), for a start (K,) and the equilibrium (K,) of the chain."""
        second, vector = second_eigenvalue(chain)
        second = round(second, 12)  # a heat bath's zero, without the noise of rounding
        if second == 0:
            return cls(0.0, np.zeros_like(start), np.zeros_like(start))
        mode = vector / np.sqrt(equilibrium)
        amplitude = start @ mode
        return cls(second, mode / amplitude, amplitude * mode * equilibrium)

    def recorded_sweeps(self, duration: float, count: int) -> list[int]:
        """Return `count` sweeps, evenly spaced over so many relaxation times."""
        if self.second == 0:
            return [0, 1, 2]
        last = -duration / np.log(self.second)
        return np.unique(np.rint(np.linspace(0, last, count)).astype(int)).tolist()


def measured_rate(rows: Table) -> tuple[float, float]:
    """Return ln(a₀/a_k)/k and its standard error at the last recorded sweep k at which a is sharp.

    The amplitude a is the mean of the slowest mode over the counted particles, λ₂^k by the law. The
    error is the relative one of a_k over k; that of a₀, smaller by about λ₂^k, does not count
    beside it. The rows hold, for each sweep and level, `counted`, `law`, `slowest_mode` and
    `second_eigenvalue`.
    """
    rate, error = np.nan, np.nan
    first, *later = (recorded for _, recorded in rows.groups("sweep"))
    for recorded in later:
        k = recorded["sweep"][0]
        mode = recorded["slowest_mode"]
        amplitude = recorded["second_eigenvalue"][0] ** k
        variance = recorded["law"] @ mode**2 - amplitude**2
        noise = np.sqrt(variance / recorded["counted"].sum())
        if amplitude < SHARP * noise:
            break
        start = first["counted"] @ first["slowest_mode"]
        rate = float(np.log(start / (recorded["counted"] @ mode)) / k)
        error = float(noise / (amplitude * k))
    return rate, error
