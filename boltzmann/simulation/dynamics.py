"""The Markov chain of one particle: how a level is proposed and how the move is decided.

The chain knows energy differences. Two of its parts weigh all levels against each other and sum,
because that is what they are: the heat bath over all levels, and the draw of an exact start. A
third weighs each level against the likeliest and never sums: uniform proposals among more than 256
levels compare the weights of two.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray, as_probabilities, refuse_first
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.kernels import move_tables, moves, vector_moves

PROPOSALS = ("uniform", "neighbour")
RULES = ("metropolis", "glauber", "heat-bath")
LARGEST_TABLE = 256  # levels above which the table of thresholds leaves the fast caches
MOST_NARROW = 1024  # levels above which half a 64-bit word is too short to propose and to decide
LARGEST_MATRIX = 8192  # levels above which a K×K matrix of floats takes more than half a gigabyte


@dataclass(frozen=True, eq=False)
class Dynamics:
    """How a particle on `levels` moves at any temperature; the fields are those of an `Ensemble`.

    M is the number of levels that a particle may be offered: K by a uniform proposal or a matrix, 2
    by neighbours. The kernel's word for each of them is a bucket.
    """

    levels: EnergyLevels
    proposal: str
    rule: str
    matrix: NDArray[Any] | None  # the proposal matrix as it was given, where proposal is "matrix"

    @classmethod
    def checked(cls, levels: Any, proposal: Any, rule: Any) -> "Dynamics":
        """Return the dynamics, its arguments checked."""
        if not isinstance(levels, EnergyLevels):
            levels = EnergyLevels(levels)
        if levels.degeneracies.max() / 1e300 > levels.degeneracies.min():
            raise ValueError("degeneracies differ by a factor of more than 1e300")
        if not (isinstance(rule, str) and rule in RULES):
            raise ValueError(f"rule is {rule!r}: it must be one of {', '.join(RULES)}")

        matrix = None
        if not isinstance(proposal, str):
            matrix = _proposal_matrix(proposal, len(levels))
            proposal = "matrix"
        elif proposal not in PROPOSALS:
            raise ValueError(
                f"proposal is {proposal!r}: it must be 'uniform', 'neighbour' or a K×K matrix"
            )
        return cls(levels, proposal, rule, matrix)

    def with_levels(self, levels: Any) -> "Dynamics":
        """Return the same dynamics on other energies of the same states.

        Raises
        ------
        ValueError
            If `levels` are no levels, or are not as many or as degenerate.
        """
        only_energies = not isinstance(levels, EnergyLevels)
        if only_energies:
            levels = EnergyLevels(levels)
        if len(levels) != len(self.levels):
            raise ValueError(f"levels has {len(levels)} entries: the gas has {len(self.levels)}")
        if only_energies:
            levels = EnergyLevels(levels.energies, self.levels.degeneracies, self.levels.labels)
        old, new = self.levels.degeneracies, levels.degeneracies
        refuse_first("levels.degeneracies", new, new != old, "the gas keeps its degeneracies")
        return replace(self, levels=levels)

    @property
    def redraws_all(self) -> bool:
        """Whether a move forgets the present level: the heat bath over all levels."""
        return self.rule == "heat-bath" and self.proposal == "uniform"

    @property
    def glauber(self) -> bool:
        """Whether a pair of levels decides by Glauber's rule, as a heat bath of two levels does."""
        return self.rule != "metropolis"

    @property
    def others_proposed(self) -> float:
        """The fraction of attempts that propose another level, if the proposal fixes it, else 1."""
        uniform = self.proposal == "uniform" and not self.redraws_all
        return 1 - 1 / len(self.levels) if uniform else 1.0

    def scaled(self, temperature: float) -> tuple[FloatArray, float]:
        """Return energies and temperature in a unit in which no energy difference overflows."""
        energies = self.levels.energies
        finite = energies[np.isfinite(energies)]
        if finite.size and finite.max() / 2 - finite.min() / 2 > np.finfo(np.float64).max / 2:
            return energies / 4, temperature / 4 or temperature
        return np.array(energies), temperature

    # The pieces of the transition matrix.

    def targets(self) -> NDArray[np.int64]:
        """Return the level that each bucket of each level proposes, (K, M).

        For a step off the end of the ladder it is the present level.
        """
        here = np.arange(len(self.levels))
        if self.proposal == "neighbour":
            return np.clip(here[:, None] + np.array([-1, 1], np.int64), 0, here.size - 1)
        return np.tile(here, (here.size, 1))

    def proposed(self) -> Any:
        """Return how likely each proposal in `targets` is: a float, or the matrix (K, K)."""
        if self.matrix is None:
            return 0.5 if self.proposal == "neighbour" else 1 / len(self.levels)
        matrix = self.matrix.astype(np.float64)
        return matrix / matrix.sum(axis=1, keepdims=True)

    def acceptances(self, temperature: float) -> FloatArray:
        """Return the acceptance of each proposal in `targets`, (K, M)."""
        energies, temperature = self.scaled(temperature)
        degeneracies = np.array(self.levels.degeneracies)
        here = np.arange(energies.size)
        ratios = move_tables.weight_ratios(
            here, self.targets(), energies, degeneracies, temperature
        )  # (K, M)

        if self.matrix is not None:
            proposed = self.proposed()
            ratios = np.where(proposed > 0, ratios, 0.0)
            with np.errstate(over="ignore"):  # a ratio beyond what a float holds is accepted
                np.multiply(ratios, _hastings_ratios(proposed), out=ratios, where=ratios > 0)

        accepted: FloatArray = move_tables.acceptances(ratios, self.glauber)
        if self.proposal == "neighbour":
            accepted[0, 0] = accepted[-1, 1] = 0.0
        return accepted

    def transition_rows(self, temperature: float) -> tuple[NDArray[np.int64], FloatArray]:
        """Return where a particle can go from each level, and how likely; the last is to stay.

        Both are (K, M + 1). A level may be among the targets twice.
        """
        if self.proposal != "neighbour":
            refuse_large(len(self.levels))
        targets = self.targets()
        levels = len(self.levels)

        if self.redraws_all:
            going = np.tile(self.normalised_weights(temperature), (levels, 1))
            staying = np.zeros(levels)
        else:
            proposed = self.proposed()
            accepted = self.acceptances(temperature)
            going = proposed * accepted
            staying = (proposed * (1 - accepted)).sum(axis=1)
        return np.column_stack((targets, np.arange(levels))), np.column_stack((going, staying))

    def transition_matrix(self, temperature: float) -> FloatArray:
        """Return the transition matrix (K, K)."""
        levels = len(self.levels)
        refuse_large(levels)
        targets, probabilities = self.transition_rows(temperature)
        matrix = np.zeros((levels, levels))
        np.add.at(matrix, (np.arange(levels)[:, None], targets), probabilities)
        return matrix

    # The weights of all levels.

    def relative_weights(self, temperature: float) -> FloatArray:
        """Return g exp(-E/t) of all levels, (K,), relative to the level of the likeliest energy."""
        energies, temperature = self.scaled(temperature)
        allowed = np.flatnonzero(energies < np.inf)
        extreme = np.argmin if temperature >= 0 else np.argmax
        likeliest = allowed[[extreme(energies[allowed])]]
        everywhere = np.arange(energies.size)[None, :]
        degeneracies = np.array(self.levels.degeneracies)
        ratios = move_tables.weight_ratios(
            likeliest, everywhere, energies, degeneracies, temperature
        )  # (1, K)
        return ratios[0]  # type: ignore[no-any-return]

    def normalised_weights(self, temperature: float) -> FloatArray:
        """Return the weights of all levels, (K,), divided by their sum.

        The analytic road has a Boltzmann distribution of its own, which this one must not share if
        the two are to confirm each other.
        """
        weights = self.relative_weights(temperature)
        return weights / weights.sum()  # type: ignore[no-any-return]

    def single_precision_weights(self, temperature: float) -> NDArray[np.float32]:
        """Return the weights in units of the largest, (K,); one below the normal numbers is 0."""
        weights = self.relative_weights(temperature)
        single = (weights / weights.max()).astype(np.float32)
        return np.where(single < np.finfo(np.float32).tiny, np.float32(0), single)

    # What the kernel runs on.

    def move_table(self, temperature: float, *, by_formula: bool = False) -> moves.MoveTable:
        """Return what the sweep kernel runs on; by formula it computes all and looks up nothing."""
        levels = len(self.levels)
        energies, scaled_temperature = self.scaled(temperature)
        neighbour = self.proposal == "neighbour"
        buckets = 2 if neighbour else levels
        wide = self.proposal == "uniform" and not self.redraws_all and levels > MOST_NARROW

        # The fastest of the ways to decide these moves; the others stay None.
        thresholds = weights = alias = None
        if not by_formula:
            if self.redraws_all or self.matrix is not None:
                alias = move_tables.transition_alias_table(self._alias_rows(temperature)).ravel()
            elif neighbour or levels <= LARGEST_TABLE:
                thresholds = move_tables.threshold_table(self.acceptances(temperature)).ravel()
            else:
                weights = self.single_precision_weights(temperature)

        return moves.MoveTable(
            energies=energies,
            degeneracies=np.array(self.levels.degeneracies),
            temperature=scaled_temperature,
            glauber=self.glauber,
            neighbour=neighbour or None,
            buckets=buckets,
            bits=buckets.bit_length() - 1 if buckets & (buckets - 1) == 0 else None,
            refused_below=move_tables.WORDS % buckets,
            wide=wide,
            thresholds=thresholds,
            weights=weights,
            alias=alias,
            rows_per_level=int(self.matrix is not None),
            vectors=(not by_formula and not wide and vector_moves.worth_using()) or None,
        )

    def _alias_rows(self, temperature: float) -> FloatArray:
        """Return the transition matrix (K, K), or the one row (1, K) that all levels share."""
        if self.redraws_all:
            return self.normalised_weights(temperature)[None, :]
        return self.transition_matrix(temperature)


def refuse_large(levels: int) -> None:
    """Raise a ValueError if the levels are too many for a K×K matrix."""
    if levels > LARGEST_MATRIX:
        raise ValueError(
            f"levels has {levels} entries: the {levels}×{levels} matrix would take "
            f"{8 * levels**2 / 1e9:.1f} GB; at most {LARGEST_MATRIX} levels"
        )


def _proposal_matrix(proposal: ArrayLike, levels: int) -> NDArray[Any]:
    """Return the proposal matrix (K, K), checked, in its own type.

    The type tells how exactly its rows have to sum to 1.
    """
    as_probabilities("proposal", proposal)
    matrix = np.array(proposal)
    if matrix.shape != (levels, levels):
        raise ValueError(f"proposal must have shape {(levels, levels)}, got {matrix.shape}")

    one_way = (matrix > 0) & (matrix.T == 0)
    if one_way.any():
        i, j = (int(k) for k in np.argwhere(one_way)[0])
        raise ValueError(
            f"proposal[{i}, {j}] is {matrix[i, j]} but proposal[{j}, {i}] is 0: "
            "a move that cannot be undone has no detailed balance"
        )
    matrix.flags.writeable = False
    return matrix


def _hastings_ratios(matrix: FloatArray) -> FloatArray:
    """Return q_ji / q_ij (K, K), the correction for an uneven proposal; it has no temperature."""
    return np.divide(matrix.T, matrix, out=np.ones_like(matrix), where=matrix > 0)
