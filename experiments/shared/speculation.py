"""One step of speculative decoding, of its mistaken variants, and of the independence sampler.

A step proposes a token, accepts it with a probability that depends on the token, and replaces it
otherwise. Arrays have shape (..., V): one law, or one law a row.
"""

from dataclasses import dataclass

import numpy as np

import boltzmann as bz


@dataclass(frozen=True)
class Step:
    """A step whose outcome does not depend on the token before, each attribute (..., V).

    Attributes
    ----------
    proposal : array
        The law that a token is proposed from.
    acceptance : array
        The probability that it is accepted.
    replacement : array
        The law that a token is drawn from if it is not.
    """

    proposal: np.ndarray
    acceptance: np.ndarray
    replacement: np.ndarray

    def accepted(self) -> np.ndarray:
        """Return the probability that a proposed token is accepted, (...)."""
        return (self.proposal * self.acceptance).sum(axis=-1)

    def law(self) -> np.ndarray:
        """Return the law of the token after the step, summed over all proposals, (..., V)."""
        rejected = 1 - self.accepted()
        return self.proposal * self.acceptance + rejected[..., None] * self.replacement

    def drawn(
        self, rows: np.ndarray, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Make a step in each of the rows (n,): the tokens (n,), and which were accepted, (n,)."""
        proposed = draw_rows(self.proposal, rows, generator)
        accepted = generator.random(rows.size) < self.acceptance[rows, proposed]
        replaced = draw_rows(self.replacement, rows, generator)
        return np.where(accepted, proposed, replaced), accepted


def draw_rows(p: np.ndarray, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return one draw from p[row] for each of the rows (n,) of p (R, V), (n,)."""
    cumulative = np.cumsum(p, axis=1)
    ends = cumulative / cumulative[:, -1:] + np.arange(len(p))[:, None]
    # One ascending line for all rows: row r goes from r to r + 1.
    places = np.searchsorted(ends.ravel(), rows + generator.random(rows.size), side="right")
    return np.minimum(places - rows * p.shape[1], p.shape[1] - 1)


def ratio(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return min(1, p/q), the probability that a token of q is accepted; 1 where q is 0."""
    return np.minimum(1, np.divide(p, q, out=np.ones_like(p), where=q > 0))


def excess(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return what p has more than q as a law; p itself where that is nothing."""
    more = np.maximum(p - q, 0)
    total = more.sum(axis=-1, keepdims=True)
    return np.where(total > 0, more / np.where(total > 0, total, 1), p)


def speculative(p: np.ndarray, q: np.ndarray) -> Step:
    """Return the step as published: its law is p, and 1 - TV(p, q) of the proposals are accepted.

    References
    ----------
    .. [1] Y. Leviathan, M. Kalman and Y. Matias, Proc. ICML 2023, PMLR 202, 19274.
    .. [2] C. Chen et al., arXiv:2302.01318 (2023).
    """
    return Step(q, ratio(p, q), excess(p, q))


# Metropolis's and Hastings's independence sampler, which repeats a token in place of replacing it


def independence_matrix(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the transition matrix (V, V): j of q is accepted with min(1, w_j/w_i), w = p/q.

    References
    ----------
    .. [1] W. K. Hastings, Biometrika 57, 97 (1970).
    """
    w = p / q
    moves = q * np.minimum(1, w / w[:, None])  # (V, V)
    np.fill_diagonal(moves, 0)
    return moves + np.diag(1 - moves.sum(axis=1))


def independence_eigenvalues(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the eigenvalues (V - 1,) of `independence_matrix` beside 1, the largest first.

    With the tokens in the order of falling w = p/q they are λ_k = Σ_{i≥k} (q_i - p_i/w_k), and the
    largest is 1 - 1/w_1 [1]_.

    References
    ----------
    .. [1] J. S. Liu, Statistics and Computing 6, 113 (1996).
    """
    order = np.argsort(-p / q, kind="stable")
    p, q = p[order], q[order]
    p_left, q_left = (np.cumsum(law[::-1])[::-1] for law in (p, q))  # from k on
    return (q_left - p_left * q / p)[:-1]


def independence_accepted(p: np.ndarray, q: np.ndarray) -> float:
    """Return the fraction of proposals that is accepted at equilibrium: Σ min(p_i q_j, p_j q_i)."""
    return float(np.minimum(np.outer(p, q), np.outer(q, p)).sum())


def independence_chain(
    p: np.ndarray, q: np.ndarray, steps: int, chains: int, generator: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Return tokens (steps + 1, chains) that begin at equilibrium, and how many were accepted."""
    w = p / q
    tokens = np.empty((steps + 1, chains), np.int64)
    tokens[0] = generator.choice(p.size, chains, p=p)
    moved = 0
    for step in range(steps):
        proposed = generator.choice(p.size, chains, p=q)
        accepted = generator.random(chains) * w[tokens[step]] < w[proposed]
        tokens[step + 1] = np.where(accepted, proposed, tokens[step])
        moved += int(np.count_nonzero(accepted))
    return tokens, moved


# What goes wrong: steps that are not quite the published one


TYPICAL = (0.09, 0.3)  # ε and δ of Medusa


def variants(target: np.ndarray, draft: np.ndarray, t: float, top_k: int) -> dict[str, Step]:
    """Return steps (n, V) at temperature t by name, from the models' laws at t = 1, each (n, V).

    The first is as published. In the last two one side has a top_k of which the other is unaware.

    References
    ----------
    .. [1] T. Cai et al., Proc. ICML 2024, PMLR 235, 5209: typical acceptance.
    """
    p, q = bz.temper(target, t), bz.temper(draft, t)
    likeliest = np.arange(p.shape[1]) == p.argmax(axis=1)[:, None]
    epsilon, delta = TYPICAL
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(p > 0, p * np.log(p), 0).sum(axis=1, keepdims=True)
    typical = p > np.minimum(epsilon, delta * np.exp(-entropy))
    return {
        "as published": speculative(p, q),
        "t for the draft alone": speculative(target, q),
        "acceptance by p at t = 1": Step(q, ratio(target, q), excess(p, q)),
        "greedy match": Step(q, likeliest.astype(float), p),
        "typical acceptance": Step(q, typical.astype(float), p),
        "top_k of the draft, untold": Step(truncated(q, top_k), ratio(p, q), excess(p, q)),
        "top_k in the replacement": Step(q, ratio(p, q), excess(truncated(p, top_k), q)),
    }


def truncated(p: np.ndarray, top_k: int) -> np.ndarray:
    """Return the laws (n, V) of the k likeliest tokens of each row, equal ones by id."""
    order = np.argsort(-p, axis=1, kind="stable")
    kept = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(kept, order[:, :top_k], True, axis=1)
    left = np.where(kept, p, 0)
    return left / left.sum(axis=1, keepdims=True)
