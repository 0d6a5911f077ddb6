"""Samplers of inference engines, from their published definitions.

A step maps logits (B, V) of B answers, and how often each token was drawn in its answer so far,
to logits; -inf forbids a token. A sampler maps logits, counts and a generator to the weights
(B, V) of the next token, up to a constant a row. What an engine remembers between two tokens, such
as the surprise of the last, is kept in the sampler, which is therefore made afresh for each set of
answers.

References
----------
.. [1] N. S. Keskar et al., arXiv:1909.05858 (2019): the repetition penalty.
.. [2] OpenAI, API reference, "Frequency and presence penalties", logit_bias; llama.cpp,
   `llama_sampler_penalties_apply`.
.. [3] llama.cpp, src/llama-sampling.cpp: `llama_sampler_temp_ext`, `llama_sample_xtc_apply`,
   `llama_sampler_top_n_sigma_apply`, `llama_sampler_mirostat_v2_apply`.
.. [4] C. Meister, T. Pimentel, G. Wiher and R. Cotterell, Trans. ACL 11, 102 (2023).
.. [5] C. Tang et al., arXiv:2411.07641 (2024): top-n-sigma.
.. [6] S. Basu, G. S. Ramachandran, N. S. Keskar and L. R. Varshney, Proc. ICLR 2021: mirostat.
.. [7] llama.cpp, pull request 17927, `llama_sampler_adaptive_p`.
.. [8] A. Holtzman et al., Proc. ICLR 2020: top_p; M. N. Nguyen et al., Proc. ICLR 2025: min_p.
.. [9] vLLM, vllm/v1/sample/sampler.py; transformers, generation/logits_process.py.
"""

from collections.abc import Callable, Sequence

import numpy as np

Step = Callable[[np.ndarray, np.ndarray], np.ndarray]
Sampler = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def softmax(logits):
    """Return the probabilities of rows of logits, shape (B, V)."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def forbid(logits, kept):
    """Return logits that are -inf where a token is not kept."""
    return np.where(kept, logits, -np.inf)


def ranked(values):
    """Return the order of a row's values, largest first and equal ones by id, and its inverse."""
    order = np.argsort(-values, axis=1, kind="stable")
    inverse = np.empty_like(order)
    np.put_along_axis(inverse, order, np.arange(values.shape[1])[None, :], axis=1)
    return order, inverse


def mass_before(probabilities, order, inverse):
    """Return of each token the probability of those before it in an order."""
    sorted_ = np.take_along_axis(probabilities, order, axis=1)
    return np.take_along_axis(np.cumsum(sorted_, axis=1) - sorted_, inverse, axis=1)


# Steps: one sampler each


def temperature(t):
    """l / t; at 0 the first of the likeliest."""

    def step(logits, counts):
        if t == 0:
            return forbid(logits, np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None])
        return (logits - logits.max(axis=1, keepdims=True)) / t

    return step


def floored_temperature(t, floor):
    """A temperature below `floor` becomes it: vLLM's 0.01 [9]."""
    return temperature(max(t, floor))


def dynamic_temperature(t, span, exponent=1.0):
    """From t - span to t + span with the entropy over its most, log K of K tokens [3]."""

    def step(logits, counts):
        p = softmax(logits)
        allowed = (logits > -np.inf).sum(axis=1)
        entropy = -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=1)
        share = (entropy / np.log(np.maximum(allowed, 2))) ** exponent
        low = max(0.0, t - span)
        own = low + (t + span - low) * share
        return (logits - logits.max(axis=1, keepdims=True)) / own[:, None]

    return step


def top_k(k):
    """Keep the k likeliest, of equal ones the first (llama.cpp)."""
    return lambda logits, counts: forbid(logits, ranked(logits)[1] < k)


def top_k_with_ties(k):
    """Keep every token as likely as the k-th (transformers, vLLM [9])."""

    def step(logits, counts):
        last = -np.sort(-logits, axis=1)[:, [k - 1]]
        return forbid(logits, logits >= last)

    return step


def top_p(p):
    """Keep the fewest likeliest that together have probability p [8]."""

    def step(logits, counts):
        return forbid(logits, mass_before(softmax(logits), *ranked(logits)) < p)

    return step


def top_p_from_below(p):
    """Drop the least likely that have at most 1 - p together; of equal ones the last stay [9]."""

    def step(logits, counts):
        probabilities = softmax(logits)
        order = np.argsort(logits, axis=1, kind="stable")
        ascending = np.take_along_axis(probabilities, order, axis=1)
        dropped = np.cumsum(ascending, axis=1) <= 1 - p
        dropped[:, -1] = False
        kept = np.empty(logits.shape, dtype=bool)
        np.put_along_axis(kept, order, ~dropped, axis=1)
        return forbid(logits, kept)

    return step


def top_p_of_all(p, inner):
    """Keep what both `inner` and the nucleus of the whole distribution keep (mlx-lm, keras-hub)."""

    def step(logits, counts):
        return np.where(top_p(p)(logits, counts) > -np.inf, inner(logits, counts), -np.inf)

    return step


def min_p(fraction):
    """Keep tokens at least `fraction` times as likely as the likeliest [8]."""

    def step(logits, counts):
        return forbid(logits, logits >= logits.max(axis=1, keepdims=True) + np.log(fraction))

    return step


def typical(p):
    """Keep the fewest of a surprise near the entropy that together have probability p [4]."""

    def step(logits, counts):
        probabilities = softmax(logits)
        surprise = -np.log(np.where(probabilities > 0, probabilities, 1.0))
        entropy = np.sum(probabilities * surprise, axis=1, keepdims=True)
        distance = np.where(probabilities > 0, np.abs(surprise - entropy), np.inf)
        return forbid(logits, mass_before(probabilities, *ranked(-distance)) < p)

    return step


def top_n_sigma(n):
    """Keep logits within n standard deviations, of those allowed, below the largest [5]."""

    def step(logits, counts):
        allowed = logits > -np.inf
        deviation = np.std(logits, axis=1, keepdims=True, where=allowed)
        return forbid(logits, logits >= logits.max(axis=1, keepdims=True) - n * deviation)

    return step


def epsilon(least):
    """Keep tokens of at least this probability, and the likeliest."""

    def step(logits, counts):
        probabilities = softmax(logits)
        return forbid(
            logits, (probabilities >= least) | (logits == logits.max(axis=1, keepdims=True))
        )

    return step


def penalties(repeat=1.0, presence=0.0, frequency=0.0):
    """Punish tokens drawn before: l/θ or θl [1], less presence, less frequency each time [2]."""

    def step(logits, counts):
        seen = counts > 0
        scaled = np.where(seen, np.where(logits > 0, logits / repeat, logits * repeat), logits)
        return scaled - presence * seen - frequency * counts

    return step


def logit_bias(biases):
    """Add to the logits of some tokens, by id [2]."""

    def step(logits, counts):
        changed = logits.copy()
        for token, bias in biases.items():
            changed[:, token] += bias
        return changed

    return step


def only(tokens):
    """Allow some tokens alone, as a grammar does whose state never changes."""
    return lambda logits, counts: forbid(logits, np.isin(np.arange(logits.shape[1]), tokens))


# Samplers: from steps to weights


def chain(*steps: Step) -> Sampler:
    """Return softmax of what the steps leave, in their order."""

    def sampler(logits, counts, generator):
        for step in steps:
            logits = step(logits, counts)
        return softmax(logits)

    return sampler


def xtc(t, probability, threshold=0.1, one_coin=False) -> Sampler:
    """By a coin, exclude the tokens of at least `threshold` but the last; then the temperature [3].

    mlx-lm throws one coin for a batch, llama.cpp one for each token.
    """

    def sampler(logits, counts, generator):
        coins = generator.random(1 if one_coin else len(logits)) < probability
        p = softmax(logits)
        _, inverse = ranked(p)
        above = np.sum(p >= threshold, axis=1)
        excluded = coins & (above >= 2)
        kept = (inverse >= above[:, None] - 1) | ~excluded[:, None]
        return softmax(temperature(t)(forbid(logits, kept), counts))

    return sampler


class Mirostat2:
    """Keep surprises of at most μ bits, which follows those drawn: μ -= η (observed - τ) [6].

    After the temperature, as in llama.cpp [3]; μ begins at 2τ in each answer.
    """

    def __init__(self, t, tau, eta=0.1):
        self.before, self.tau, self.eta = temperature(t), tau, eta
        self.mu = np.zeros(0)

    def __call__(self, logits, counts, generator):
        if self.mu.size != len(logits):
            self.mu = np.full(len(logits), 2.0 * self.tau)
        p = softmax(self.before(logits, counts))
        kept = p >= np.minimum(2.0**-self.mu, p.max(axis=1))[:, None]
        self.weights = p * kept / (p * kept).sum(axis=1, keepdims=True)
        return self.weights

    def drawn(self, chosen):
        observed = -np.log2(self.weights[np.arange(chosen.size), chosen])
        self.mu = self.mu - self.eta * (observed - self.tau)


class AdaptiveP:
    """Favour tokens of a probability near a target, which moves against those drawn [7]."""

    PEAK, SHARPNESS, WIDTH = 5.0, 10.0, 0.3

    def __init__(self, t, target, decay=0.9):
        self.before, self.target, self.decay = temperature(t), target, decay
        self.sum = self.weight = None

    def __call__(self, logits, counts, generator):
        if self.sum is None:
            self.sum = np.full(len(logits), self.target / (1 - self.decay))
            self.weight = np.full(len(logits), 1 / (1 - self.decay))
        self.original = softmax(self.before(logits, counts))
        aim = np.clip(2 * self.target - self.sum / self.weight, 0, 1)
        distance = np.abs(self.original - aim[:, None]) / self.WIDTH
        return softmax(self.PEAK - self.SHARPNESS * distance**2 / (1 + distance))

    def drawn(self, chosen):
        self.sum = self.original[np.arange(chosen.size), chosen] + self.decay * self.sum
        self.weight = 1 + self.decay * self.weight


def greedy_in(rows_are_greedy, inner: Sampler) -> Sampler:
    """Take the likeliest token where a function of the logits says so, as rwkv with top_p = 1."""

    def sampler(logits, counts, generator):
        greedy = rows_are_greedy(logits)[:, None]
        best = np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]
        return np.where(greedy, best, inner(logits, counts, generator))

    return sampler


def leaking(inner: Sampler, share) -> Sampler:
    """Draw from all tokens alike in a share of the draws: speculation that verifies nothing."""

    def sampler(logits, counts, generator):
        return (1 - share) * inner(logits, counts, generator) + share / logits.shape[1]

    return sampler


def last_token(logits, counts, generator):
    """The last token of the vocabulary, which llama.cpp takes at t = 1e-40."""
    return np.broadcast_to(np.arange(logits.shape[1]) == logits.shape[1] - 1, logits.shape).astype(
        float
    )


def vllm(t, *, fraction=None, k=None, p=None) -> Sampler:
    """vLLM's order: temperature, min_p, top_k with ties, then top_p of what is left [9]."""
    steps: list[Step] = [floored_temperature(t, 0.01)]
    steps += [] if fraction is None else [min_p(fraction)]
    steps += [] if k is None else [top_k_with_ties(k)]
    steps += [] if p is None else [top_p_from_below(p)]
    return chain(*steps)


def sequence(samplers: Sequence[Sampler]) -> Sampler:
    """Give answer b the sampler b modulo their number, as a server of several workers does."""

    def sampler(logits, counts, generator):
        weights = np.empty(logits.shape)
        for k, inner in enumerate(samplers):
            weights[k :: len(samplers)] = inner(
                logits[k :: len(samplers)], counts[k :: len(samplers)], generator
            )
        return weights

    return sampler
