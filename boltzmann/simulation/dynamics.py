"""The Markov chain of one particle: how it proposes a level, how it decides, and the matrix that results.

The chain knows energy differences. Two of its parts weigh all levels against each other and sum,
because that is what they are: the heat bath over all levels, and the draw of an exact start. A
third weighs each level against the likeliest and never sums: uniform proposals among more than 256
levels compare the weights of two.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray, as_probabilities, as_temperature
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.kernels import move_tables, moves

PROPOSALS = ("uniform", "neighbour")
RULES = ("metropolis", "glauber", "heat-bath")
LARGEST_TABLE = 256  # levels above which the table of thresholds leaves the fast caches
MOST_NARROW = 1024  # levels above which half a 64-bit word is too short to propose and to decide
LARGEST_MATRIX = 8192  # levels above which a K×K matrix of floats takes more than half a gigabyte


@dataclass(frozen=True, eq=False)
class Dynamics:
    """How a particle on `levels` moves at `temperature`; see `transition_matrix` for the parameters."""

    levels: EnergyLevels
    temperature: float
    proposal: str
    rule: str
    matrix: NDArray[Any] | None  # the proposal matrix as it was given, where proposal is "matrix"

    @classmethod
    def checked(cls, levels: Any, temperature: ArrayLike, proposal: Any, rule: Any) -> "Dynamics":
        """Return the dynamics, its arguments checked."""
        if not isinstance(levels, EnergyLevels):
            levels = EnergyLevels(levels)
        if levels.degeneracies.max() / 1e300 > levels.degeneracies.min():
            raise ValueError("degeneracies differ by a factor of more than 1e300")
        if not (isinstance(rule, str) and rule in RULES):
            raise ValueError(f"rule is {rule!r}: it must be one of {', '.join(RULES)}")
        matrix = None
        if not isinstance(proposal, str):
            proposal, matrix = "matrix", _proposal_matrix(proposal, len(levels))
        elif proposal not in PROPOSALS:
            raise ValueError(
                f"proposal is {proposal!r}: it must be 'uniform', 'neighbour' or a K×K matrix"
            )
        return cls(levels, as_temperature(temperature), proposal, rule, matrix)

    def at(self, temperature: ArrayLike) -> "Dynamics":
        """Return the same dynamics at another temperature."""
        return replace(self, temperature=as_temperature(temperature))

    @property
    def redraws_all(self) -> bool:
        """Whether a move forgets the present level: the heat bath over all levels."""
        return self.rule == "heat-bath" and self.proposal == "uniform"

    @property
    def glauber(self) -> bool:
        """Whether a pair of levels decides by Glauber's rule; a heat bath of two levels is that rule."""
        return self.rule != "metropolis"

    @property
    def others_proposed(self) -> float:
        """The fraction of attempts that propose another level, where the kind of proposal fixes it, else 1."""
        uniform = self.proposal == "uniform" and not self.redraws_all
        return 1 - 1 / len(self.levels) if uniform else 1.0

    def scaled(self) -> tuple[FloatArray, float]:
        """Return energies and temperature in a unit in which no energy difference overflows."""
        energies = self.levels.energies
        finite = energies[np.isfinite(energies)]
        if finite.size and finite.max() / 2 - finite.min() / 2 > np.finfo(np.float64).max / 2:
            return energies / 4, self.temperature / 4 or self.temperature
        return np.array(energies), self.temperature

    def targets(self) -> NDArray[np.int64]:
        """Return the level that each bucket of each level proposes, (K, M); i itself for a step off the end."""
        here = np.arange(len(self.levels))
        if self.proposal == "neighbour":
            return np.clip(here[:, None] + np.array([-1, 1], np.int64), 0, here.size - 1)
        return np.tile(here, (here.size, 1))

    def proposed(self) -> Any:
        """Return how likely each proposal in `targets` is, a float or the matrix, its rows summing to 1."""
        if self.matrix is None:
            return 0.5 if self.proposal == "neighbour" else 1 / len(self.levels)
        matrix = self.matrix.astype(np.float64)
        return matrix / matrix.sum(axis=1, keepdims=True)

    def accepted(self) -> FloatArray:
        """Return the acceptance of each proposal in `targets`, (K, M)."""
        energies, temperature = self.scaled()
        degeneracies = np.array(self.levels.degeneracies)
        here = np.arange(energies.size)
        ratios = move_tables.weight_ratios(
            here, self.targets(), energies, degeneracies, temperature
        )
        if self.matrix is not None:
            proposed = self.proposed()
            ratios = np.where(proposed > 0, ratios, 0.0)
            with np.errstate(over="ignore"):  # a ratio beyond what a float holds is accepted
                np.multiply(ratios, _hastings(proposed), out=ratios, where=ratios > 0)
        accepted: FloatArray = move_tables.acceptances(ratios, self.glauber)
        if self.proposal == "neighbour":
            accepted[0, 0] = accepted[-1, 1] = 0.0
        return accepted

    def relative_weights(self, temperature: float) -> FloatArray:
        """Return the weights of all levels at any temperature, (K,), in units of the likeliest energy's."""
        energies, temperature = replace(self, temperature=temperature).scaled()
        allowed = np.flatnonzero(energies < np.inf)
        likeliest = (
            np.argmin(energies[allowed]) if temperature >= 0 else np.argmax(energies[allowed])
        )
        here = np.arange(energies.size)[None, :]
        degeneracies = np.array(self.levels.degeneracies)
        return move_tables.weight_ratios(  # type: ignore[no-any-return]
            allowed[[likeliest]], here, energies, degeneracies, temperature
        )[0]

    def weights(self, temperature: float) -> FloatArray:
        """Return the weights of all levels at any temperature, (K,), as parts of their sum."""
        weights = self.relative_weights(temperature)
        return weights / weights.sum()  # type: ignore[no-any-return]

    def rows(self) -> tuple[NDArray[np.int64], FloatArray]:
        """Return where a particle can go from each level and how likely, two (K, L) arrays; staying is last."""
        if self.proposal != "neighbour":
            _refuse_large(len(self.levels))
        targets = self.targets()
        if self.redraws_all:
            moves = np.tile(self.weights(self.temperature), (len(self.levels), 1))
            stays = np.zeros(len(self.levels))
        else:
            proposed, accepted = self.proposed(), self.accepted()
            moves = proposed * accepted
            stays = (proposed * (1 - accepted)).sum(axis=1)
        here = np.arange(len(self.levels))
        return np.column_stack((targets, here)), np.column_stack((moves, stays))

    def chain(self, *, by_formula: bool = False) -> moves.MoveTable:
        """Return what the sweep kernel runs on."""
        levels = len(self.levels)
        energies, temperature = self.scaled()
        thresholds, alias = np.zeros(1, np.uint32), np.zeros(1, np.uint64)
        weights = np.zeros(1, np.float32)
        decides_by = moves.FORMULA
        if by_formula:
            pass
        elif self.redraws_all:
            decides_by, alias = (
                moves.ALIAS,
                move_tables.transition_alias_table(self.weights(self.temperature)[None, :]).ravel(),
            )
        elif self.matrix is not None:
            decides_by, alias = (
                moves.ALIAS,
                move_tables.transition_alias_table(self.dense()).ravel(),
            )
        elif self.proposal == "neighbour" or levels <= LARGEST_TABLE:
            decides_by, thresholds = (
                moves.THRESHOLDS,
                move_tables.threshold_table(self.accepted()).ravel(),
            )
        else:
            decides_by, weights = moves.WEIGHTS, self.single_weights()
        return moves.MoveTable(
            energies=energies,
            degeneracies=np.array(self.levels.degeneracies),
            temperature=temperature,
            neighbour=self.proposal == "neighbour",
            glauber=self.glauber,
            buckets=2 if self.proposal == "neighbour" else levels,
            wide=self.proposal == "uniform" and not self.redraws_all and levels > MOST_NARROW,
            decides_by=decides_by,
            thresholds=thresholds,
            weights=weights,
            alias=alias,
            row_of=int(alias.size > levels),
        )

    def single_weights(self) -> NDArray[np.float32]:
        """Return weights (K,) in single precision, the largest 1; one too small to be a normal number is 0."""
        weights = self.relative_weights(self.temperature)
        single = (weights / weights.max()).astype(np.float32)
        return np.where(single < np.finfo(np.float32).tiny, np.float32(0), single)

    def dense(self) -> FloatArray:
        """Return the transition matrix (K, K)."""
        _refuse_large(len(self.levels))
        targets, probabilities = self.rows()
        matrix = np.zeros((len(self.levels), len(self.levels)))
        np.add.at(matrix, (np.arange(len(self.levels))[:, None], targets), probabilities)
        return matrix


def _proposal_matrix(proposal: ArrayLike, levels: int) -> NDArray[Any]:
    as_probabilities("proposal", proposal)
    matrix = np.array(
        proposal
    )  # in its own type, which tells how exactly its rows have to sum to 1
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


def _hastings(matrix: FloatArray) -> FloatArray:
    """Return q_ji / q_ij, the correction for an uneven proposal; no temperature enters it."""
    return np.divide(matrix.T, matrix, out=np.ones_like(matrix), where=matrix > 0)


def _refuse_large(levels: int) -> None:
    if levels > LARGEST_MATRIX:
        raise ValueError(
            f"levels has {levels} entries: the {levels}×{levels} matrix would take "
            f"{8 * levels**2 / 1e9:.1f} GB; at most {LARGEST_MATRIX} levels"
        )


def transition_matrix(
    levels: EnergyLevels | ArrayLike,
    t: ArrayLike,
    proposal: str | ArrayLike = "uniform",
    rule: str = "metropolis",
) -> FloatArray:
    """Return the chain of one particle: P_ij = q_ij a_ij for i ≠ j, and P_ii what is left.

    With r = (g_j q_ji / g_i q_ij) exp(-(E_j - E_i)/t) the acceptance is a_ij = min(1, r) by
    Metropolis's rule and r/(1 + r) by Glauber's (Barker's).

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
    t : float
        Temperature, in the unit of the energies; 0, ±inf and negative ones included.
    proposal : {"uniform", "neighbour"} or (K, K) array_like
        How the next level is proposed: q_ij = 1/K; one step down or up with 1/2 each, a step off
        the end being rejected; or your own row-stochastic matrix. Its correction q_ji/q_ij has no
        temperature.
    rule : {"metropolis", "glauber", "heat-bath"}
        "heat-bath" draws anew from the Boltzmann weights of the levels in play: of all K under the
        uniform proposal, of the present and the proposed one otherwise (which is Glauber's rule).

    Returns
    -------
    (K, K) ndarray
        Row i holds the probabilities of the next level of a particle on level i.

    Raises
    ------
    ValueError
        If an argument is not as above, or the matrix proposes i → j and never j → i.

    References
    ----------
    .. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
    .. [2] W. K. Hastings, Biometrika 57, 97 (1970).
    .. [3] A. A. Barker, Aust. J. Phys. 18, 119 (1965); R. J. Glauber, J. Math. Phys. 4, 294 (1963).

    Examples
    --------
    >>> transition_matrix([0, 1], 1.0, proposal="neighbour").round(4)
    array([[0.8161, 0.1839],
           [0.5   , 0.5   ]])
    """
    return Dynamics.checked(levels, as_temperature(t, "t"), proposal, rule).dense()


def quantised_transition_matrix(
    levels: EnergyLevels | ArrayLike,
    t: ArrayLike,
    proposal: str | ArrayLike = "uniform",
    rule: str = "metropolis",
) -> tuple[NDArray[np.int64], int]:
    """Return the chain that the kernel runs, as whole numbers: of `total` random words, words_ij go i → j.

    Parameters
    ----------
    levels, t, proposal, rule
        As in `transition_matrix`.

    Returns
    -------
    words : (K, K) ndarray of int64
        Counted from the kernel's own table where it uses one.
    total : int
        The sum of each row; P_ij = words_ij / total is a rational number.

    Raises
    ------
    ValueError
        As in `transition_matrix`.

    Examples
    --------
    >>> words, total = quantised_transition_matrix([0, 1], 1.0)
    >>> total == 2**32, (words / total).round(4).tolist()
    (True, [[0.8161, 0.1839], [0.5, 0.5]])
    """
    dynamics = Dynamics.checked(levels, as_temperature(t, "t"), proposal, rule)
    _refuse_large(len(dynamics.levels))
    chain = dynamics.chain()
    if chain.decides_by == moves.ALIAS:
        total = chain.buckets * (move_tables.WORDS // chain.buckets)
        return move_tables.alias_words(
            chain.alias.reshape(-1, chain.buckets), chain.row_of, len(dynamics.levels)
        ), total
    if chain.decides_by == moves.THRESHOLDS:
        accepted, capacity = (
            move_tables.threshold_words(chain.thresholds.reshape(-1, chain.buckets)),
            move_tables.WORDS // chain.buckets,
        )
    else:
        capacity = move_tables.WORDS if chain.wide else move_tables.WORDS // chain.buckets
        accepted = np.rint(dynamics.accepted() * capacity).astype(np.int64)
    here, total = np.arange(len(dynamics.levels)), chain.buckets * capacity
    words = np.zeros((here.size, here.size), np.int64)
    np.add.at(words, (here[:, None], dynamics.targets()), accepted)
    words[here, here] += total - words.sum(axis=1)
    return words, total
