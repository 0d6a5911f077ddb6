"""Answers drawn with a sampler, and what a server reports of them, as the thermometer reads it.

The language model is a table: the logits of the next token given the last one (of the tiny GPT-2,
after a short text) or the last two (of an n-gram of letters). Every context has its row, computed
once, so that thousands of draws cost a few steps of (answers, V) arrays.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from boltzmann.language import GPT2, NGram
from boltzmann.language.corpus import load_corpus
from tests.support.noise import fresh

BEGINNING = "The old woman looked at"
PROMPTS = 32
BATCH = 128


@dataclass(frozen=True, eq=False)
class Model:
    """A language model as a table.

    Attributes
    ----------
    logits : (R, V) array
        Of the next token, in nats. R = V^k: row r stands for the last k tokens, written in base V.
    order, logprobs : (R, V) array
        The tokens of each row, the likeliest first, and their log-probabilities.
    prompts : (P,) array of int
        Rows at which answers begin.
    """

    logits: np.ndarray
    order: np.ndarray
    logprobs: np.ndarray
    prompts: np.ndarray

    def following(self, rows, tokens):
        """Return the rows after these tokens."""
        return (rows * self.logits.shape[1] + tokens) % len(self.logits)


def model_of(logits, prompts=PROMPTS):
    """Return the model that has this table of logits."""
    logits = np.asarray(logits, dtype=np.float64)
    order = np.argsort(-logits, axis=1, kind="stable")
    ranked = np.take_along_axis(logits, order, axis=1)
    top = ranked[:, :1]
    log_z = top + np.log(np.exp(ranked - top).sum(axis=1, keepdims=True))
    starts = np.random.default_rng(0).choice(len(logits), prompts, replace=False)
    return Model(logits, order, ranked - log_z, starts)


@cache
def tiny():
    """The tiny GPT-2 after a text and one more token: 1,024 rows of 1,024 tokens."""
    network = GPT2.load("tiny")
    beginning = network.encode(BEGINNING).tolist()
    contexts = [[*beginning, token] for token in range(len(network.tokens))]
    return model_of(
        np.concatenate([network.logits(contexts[k : k + BATCH]) for k in range(0, 1024, BATCH)])
    )


@cache
def letters():
    """A trigram of the corpus's letters: a row for each two of them."""
    ngram = NGram.fit(load_corpus(), order=3)
    V = len(ngram.alphabet)
    return model_of(np.array([ngram.logits([a, b]) for a in range(V) for b in range(V)]))


@dataclass(frozen=True, eq=False)
class Draws:
    """n draws, answer after answer.

    Attributes
    ----------
    tokens, logprobs : (R, m) array
        The m likeliest tokens of each row, the likeliest first, and their log-probabilities.
    rows, chosen, answers, places, prompts : (n,) array of int
        Of each draw: the row that it was offered, the token reported, its answer, its place in the
        answer from 0, and the prompt of the answer.
    drawn : (n,) array of int
        The token that came out, and stands in the text: the one reported, of an honest server.
    """

    tokens: np.ndarray
    logprobs: np.ndarray
    rows: np.ndarray
    chosen: np.ndarray
    answers: np.ndarray
    places: np.ndarray
    prompts: np.ndarray
    drawn: np.ndarray


def draw_answers(model, sampler, draws, seed, *, length=16, noise=fresh, listed=20):
    """Return draws in answers of `length` tokens, with the likeliest `listed` of each row.

    Parameters
    ----------
    model : Model
    sampler : callable
        From logits, counts and a generator to weights. If it has a method `drawn`, that is told
        what came out.
    noise : callable
        From weights, the place in the answer and a generator to tokens.
    """
    generator = np.random.default_rng([seed, 7])
    answers = -(-draws // length)
    prompts = np.arange(answers) % model.prompts.size
    rows = model.prompts[prompts]
    counts = np.zeros((answers, model.logits.shape[1]), dtype=np.int64)
    path, chosen = np.empty((2, answers, length), dtype=np.int64)
    for place in range(length):
        weights = sampler(model.logits[rows], counts, generator)
        tokens = noise(weights, place, generator)
        if hasattr(sampler, "drawn"):
            sampler.drawn(tokens)
        path[:, place], chosen[:, place] = rows, tokens
        counts[np.arange(answers), tokens] += 1
        rows = model.following(rows, tokens)
    answer, place = np.divmod(np.arange(answers * length), length)
    flat = chosen.ravel()
    every = Draws(
        model.order[:, :listed],
        model.logprobs[:, :listed],
        path.ravel(),
        flat,
        answer,
        place,
        prompts[answer],
        flat,
    )
    return kept(every, np.arange(answers * length) < draws)


def kept(draws, mask):
    """Return some of the draws."""
    names = ("rows", "chosen", "answers", "places", "prompts", "drawn")
    return replace(draws, **{name: getattr(draws, name)[mask] for name in names})


def through_a_cache(draws, seed, hits=0.5):
    """Answer a prompt that came before, with this probability, by one of its earlier answers."""
    generator = np.random.default_rng([seed, 11])
    source = np.arange(draws.answers.max() + 1)
    prompt = np.zeros(source.size, dtype=np.int64)
    prompt[draws.answers] = draws.prompts
    for answer in range(source.size):
        earlier = np.flatnonzero(prompt[:answer] == prompt[answer])
        if earlier.size and generator.random() < hits:
            source[answer] = source[generator.choice(earlier)]
    first = np.searchsorted(draws.answers, source[draws.answers])
    index = np.minimum(first + draws.places, draws.answers.size - 1)
    return replace(
        draws, rows=draws.rows[index], chosen=draws.chosen[index], drawn=draws.drawn[index]
    )


def reported_by_id(draws, listed=10):
    """Report the first by id of the `listed` likeliest tokens, as mlx_lm.server 0.32 does."""
    return replace(draws, chosen=draws.tokens[draws.rows, :listed].min(axis=1))


def sorted_by_token(draws):
    """Return the draws in the order of their tokens, as rebuilt from counts."""
    order = np.argsort(draws.chosen, kind="stable")
    return replace(
        kept(draws, order),
        answers=np.arange(order.size),
        places=np.zeros(order.size, dtype=np.int64),
    )
