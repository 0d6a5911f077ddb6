"""Traffic like that of a language model, to try the thermometer on.

Zipf's law with noise: logits -a log(rank) + 0.7 z, z standard normal, with the slope a from 0.6
(almost anything may follow) to 3 (one token nearly certain), uniform over the contexts. A draw has
a heat capacity of about 3 at t = 0.7 and 4 at t = 1, so that 5,000 tell t to 1 %, as those of a
small GPT-2 do."""

import numpy as np


def logits(contexts, vocabulary, seed):
    """Return logits of contexts of all kinds of entropy, shape (contexts, vocabulary)."""
    generator = np.random.default_rng([seed, 2019])
    slopes = generator.uniform(0.6, 3.0, (contexts, 1))
    noise = generator.standard_normal((contexts, vocabulary))
    return (0.7 * noise - slopes * np.log(np.arange(1.0, vocabulary + 1))).astype(np.float32)


def softmax(x):
    weights = np.exp(x - x.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def law(x, t, top_k=None, top_p=None, min_p=None, temperature_first=True):
    """Return the probabilities of a sampler, written out as plainly as can be."""
    x = x.astype(np.float64)
    tempered = softmax(x / t)
    judged = tempered if temperature_first else softmax(x)
    order = np.argsort(-x, axis=1, kind="stable")
    kept = np.ones(x.shape, dtype=bool)
    ranked = np.take_along_axis(judged, order, axis=1)

    if top_k is not None:
        kept[:, top_k:] = False
        ranked = ranked * kept / (ranked * kept).sum(axis=1, keepdims=True)
    if top_p is not None:
        kept &= np.cumsum(ranked, axis=1) - ranked < top_p
    if min_p is not None:
        kept &= ranked >= min_p * ranked[:, :1]
    allowed = np.zeros(x.shape)
    np.put_along_axis(allowed, order, kept.astype(float), axis=1)

    return tempered * allowed / (tempered * allowed).sum(axis=1, keepdims=True)


class Sampler:
    """Draws from rows of probabilities, every row equally often."""

    def __init__(self, probabilities):
        self.contexts, self.vocabulary = probabilities.shape
        sums = np.cumsum(probabilities, axis=1)
        self.edges = (sums / sums[:, -1:] + np.arange(self.contexts)[:, None]).ravel()

    def rows(self, draws):
        return np.arange(draws) % self.contexts

    def draw(self, uniform):
        """Return the token on which each uniform number falls, in the order of `rows`."""
        rows = self.rows(uniform.size)
        found = np.searchsorted(self.edges, rows + uniform, side="right") - rows * self.vocabulary
        return np.minimum(found, self.vocabulary - 1)
