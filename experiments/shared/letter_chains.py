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
    cumulative = np.cumsum(np.exp(-energies / t - log_z[:, None]), axis=1)
    # One ascending line for all letters: that of letter a goes from a to a + 1.
    line = (cumulative / cumulative[:, -1:] + np.arange(len(energies))[:, None]).ravel()

    texts = np.full((length + 1, count), first)
    for move in range(moves):
        place = int(generator.integers(1, length + 1)) if move else 1
        proposed = texts.copy()
        for letter in range(place, length + 1):
            before = proposed[letter - 1]
            at = np.searchsorted(line, before + generator.random(count), side="right")
            proposed[letter] = np.minimum(at - before * len(energies), len(energies) - 1)
        gain = log_z[proposed[place:length]].sum(axis=0) - log_z[texts[place:length]].sum(axis=0)
        accepted = generator.random(count) < np.exp(np.minimum(gain, 0)) if move else slice(None)
        texts[:, accepted] = proposed[:, accepted]
    return texts[1:]
