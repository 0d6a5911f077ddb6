"""Texts of a model that sees one letter back: exact laws, a sampler and a Metropolis gas of texts.

Such a text is a one-dimensional chain of spins; its partition function is a product of transfer
matrices. V is the number of letters; the letter before a text is given by its id, `first`.
"""

import numpy as np

import boltzmann as bz
from boltzmann.language import draw as draw_ids


def transfer(
    weights: np.ndarray, energies: np.ndarray, first: int, length: int
) -> tuple[np.ndarray, float]:
    """Return the law (V,) of the letter in the middle and the mean energy of a letter.

    The weight of a text is the product of the weights (V, V) of its pairs; energies are (V, V).
    """
    start = np.zeros(len(weights))
    start[first] = 1
    forward = [start]  # of each letter: the weight of all that may stand before it, normalised
    backward = [np.ones(len(weights))]  # ... and of all that may follow
    for _ in range(length):
        forward.append(forward[-1] @ weights / (forward[-1] @ weights).sum())
        backward.append(weights @ backward[-1] / (weights @ backward[-1]).max())
    backward.reverse()

    energy = 0.0
    for place in range(length):
        pairs = forward[place][:, None] * weights * backward[place + 1]  # (V, V)
        energy += float((pairs * energies).sum() / pairs.sum())
    middle = forward[length // 2] * backward[length // 2]
    return middle / middle.sum(), energy / length


def sampled_texts(
    logits: np.ndarray,
    first: int,
    t: float,
    length: int,
    count: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return texts (length, count) of ids that the sampler draws, each given the one before it."""
    texts = np.empty((length + 1, count), np.int64)
    texts[0] = first
    for place in range(length):
        for letter in np.unique(texts[place]):
            after = texts[place] == letter
            texts[place + 1, after] = draw_ids(logits[letter], t, int(after.sum()), generator)
    return texts[1:]


def simulated_texts(
    energies: np.ndarray,
    first: int,
    t: float,
    length: int,
    count: int,
    moves: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return texts (length, count) of ids whose ends Metropolis's rule has rewritten.

    A move proposes all letters from some place on, as the sampler writes them, and accepts by what
    the sampler leaves out (Hastings's correction): the Z of the contexts on the way. The first one
    writes a text and is always accepted.
    """
    log_z = bz.logsumexp(-energies / t)  # (V,)
    shares, aliases = alias_tables(bz.softmax(-energies / t))

    texts = np.full((length + 1, count), first)
    for move in range(moves):
        place = int(generator.integers(1, length + 1)) if move else 1
        ends = [texts[place - 1]]
        for _ in range(place, length + 1):
            ends.append(_drawn_after(ends[-1], shares, aliases, generator))
        proposed = np.array(ends[1:])  # (length + 1 - place, count)
        gain = log_z[proposed[:-1]].sum(axis=0) - log_z[texts[place:length]].sum(axis=0)
        accepted = generator.random(count) < np.exp(np.minimum(gain, 0)) if move else True
        np.copyto(texts[place:], proposed, where=accepted)
    return texts[1:]


def alias_tables(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the alias table of each row of probabilities (V, V): shares and aliases, (V, V).

    A letter is drawn in two steps, however many there are: each is picked equally often, and kept
    with the probability `shares`, or else replaced by its alias [1]_.

    References
    ----------
    .. [1] A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977).
    """
    shares = rows * rows.shape[1] / rows.sum(axis=1, keepdims=True)
    aliases = np.tile(np.arange(rows.shape[1]), (len(rows), 1))
    for share, alias in zip(shares, aliases, strict=True):
        small = list(np.flatnonzero(share < 1))
        large = list(np.flatnonzero(share >= 1))
        while small and large:
            filled, donor = small.pop(), large[-1]
            alias[filled] = donor
            share[donor] -= 1 - share[filled]
            if share[donor] < 1:
                small.append(large.pop())
        share[small] = 1  # but for rounding
    return shares, aliases


def _drawn_after(
    before: np.ndarray, shares: np.ndarray, aliases: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return the letter drawn after each of the letters `before`, (n,)."""
    letters = shares.shape[1]
    scaled = letters * generator.random(before.size)
    picked = scaled.astype(np.intp)
    scaled -= picked  # uniform again
    at = before * letters + picked
    return np.where(scaled < shares.ravel()[at], picked, aliases.ravel()[at])
