"""How the answer to a question follows from what was observed, in a few words.

Each function takes an observation, in a form that `questions.py` describes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

import boltzmann as bz
from boltzmann.thermometer import read
from experiments.engines.shared import known_logits

DOUBT = 1e-6  # a law that fits worse than this is not the law
MANY = 50  # different forbidden tokens: with so many of them none is forbidden


def logits_of(observed: dict[str, Any]) -> np.ndarray:
    """Return the known logits of the row that was asked."""
    return known_logits.ROWS[observed["row"]]


def kept(observed: dict[str, Any]) -> list[int]:
    """Return the places that were drawn at all."""
    return np.flatnonzero(observed["counts"]).tolist()


def draws_of(observed: dict[str, Any]) -> int:
    """Return the number of draws."""
    return sum(observed["counts"]) + observed["others"]


def reading_of(observed: dict[str, Any], top: int | None = None) -> tuple[float, float]:
    """Return the temperature of the draws among the `top` likeliest, and its standard error."""
    logits = logits_of(observed)[:top]
    drawn = np.repeat(np.arange(logits.size), observed["counts"][: logits.size])
    reading = read(logits, np.random.default_rng(0).permutation(drawn))
    return reading.temperature, reading.standard_error


def fits(observed: dict[str, Any], temperature: float) -> bool:
    """Tell whether the counts fit softmax(logits / t), by a chi-square test."""
    if observed["others"]:
        return False
    return _probability(observed["counts"], bz.softmax(logits_of(observed) / temperature)) > DOUBT


def _probability(counts: list[int] | np.ndarray, law: np.ndarray) -> float:
    """Return the p-value of counts under a law; tokens expected less than five times are one."""
    observed, expected = np.asarray(counts), np.sum(counts) * law
    many = expected >= 5
    if not many.all():
        observed = np.append(observed[many], observed[~many].sum())
        expected = np.append(expected[many], expected[~many].sum())
    possible = expected > 0
    if observed[~possible].any():
        return 0.0
    if possible.sum() < 2:
        return 1.0
    observed, expected = observed[possible], expected[possible]
    return float(stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue)


def edge(observed: dict[str, Any]) -> str:
    """Say which law the draws at an extreme temperature are of."""
    places = kept(observed)
    logits = logits_of(observed)
    turned = observed["settings"].get("temperature") == -1.0  # then forbidden tokens are likeliest

    if observed.get("kinds", 0) > MANY and not turned:
        return "uniform over all tokens"
    if not places:
        one = observed.get("kinds") == 1
        return "one forbidden token, always" if one else "forbidden tokens only"
    if not observed["others"]:
        if places == [0]:
            return "greedy"
        if len(places) == 1:
            return (
                "the unlikeliest token"
                if places == [logits.size - 1]
                else f"token {places[0]} always"
            )
        for words, law in (
            ("uniform", np.zeros(logits.size)),
            ("sampled at t = 1", logits),
            ("inverted: t = -1", -logits),
        ):
            if _probability(observed["counts"], bz.softmax(law)) > DOUBT:
                return words
        return f"t = {reading_of(observed)[0]:.3g}"

    return f"forbidden tokens too ({observed['others'] / draws_of(observed):.0%})"


def floor(observed: dict[str, Any]) -> str:
    """Say to what a tiny temperature is raised, from draws of two nearly equal logits."""
    places = kept(observed)
    if observed["others"] or places == [1]:
        return edge(observed)
    if places == [0]:
        return "none seen"
    if _probability(observed["counts"], np.full(2, 0.5)) > DOUBT:
        return "no choice is made: both alike"
    return f"t is raised to {reading_of(observed)[0]:.2g}"


def ties(observed: dict[str, Any]) -> str:
    """Say which of equal tokens is the greedy one."""
    places, size = kept(observed), logits_of(observed).size
    if observed["others"]:
        return edge(observed)
    if len(places) == 1:
        return {0: "the first", size - 1: "the last"}.get(
            places[0], f"number {places[0]} of {size}"
        )
    return "all of them" if len(places) == size else f"{len(places)} of {size}"


def wall(observed: dict[str, Any]) -> str:
    """Say which tokens of the row by rank are left, and at which temperature they are drawn."""
    places = kept(observed)
    if observed["others"] or len(places) == 1:
        return edge(observed)
    left = left_of(observed)
    temperature, error = reading_of(observed, left)
    words = (
        "nothing cut off" if left == logits_of(observed).size else f"of the {left} likeliest alone"
    )
    return f"t = {temperature:.2f} ± {error:.2f}, {words}"


def left_of(observed: dict[str, Any]) -> int:
    """Return how many of the likeliest tokens are left: all, unless the last ones never come."""
    last = kept(observed)[-1] + 1
    if last == 1:
        return 1
    temperature, _ = reading_of(observed, last)
    return last if last < _least_last(observed, temperature) else logits_of(observed).size


def _least_last(observed: dict[str, Any], temperature: float) -> int:
    """Return the place that the last token drawn reaches, once in a million excepted."""
    law = bz.softmax(logits_of(observed) / temperature)
    later = np.append(np.cumsum(law[::-1])[::-1][1:], 0.0)  # the probability of all later places
    none_later = (1 - later) ** draws_of(observed)  # which grows from place to place
    return 1 + int(np.searchsorted(none_later, DOUBT))


def number(counts: dict[int, str]) -> Callable[[dict[str, Any]], str]:
    """Return what says how many tokens were left, in the words for that number."""

    def answer(observed: dict[str, Any]) -> str:
        if observed["others"]:
            return edge(observed)
        return counts.get(len(kept(observed)), f"{len(kept(observed))} tokens are left")

    return answer


def which(observed: dict[str, Any]) -> str:
    """Say which tokens are left of A, then B, C, D that are equal, then E."""
    if observed["others"]:
        return edge(observed)
    return ", ".join("ABCDE"[place] for place in kept(observed))


def logprob(observed: dict[str, Any]) -> str:
    """Say after which steps the reported log-probabilities are taken."""
    given = [-np.inf if value is None else value for value in observed["logprobs"]]
    logits = logits_of(observed)
    t, k = (
        observed["settings"].get("temperature", 1.0),
        observed["settings"].get("top_k", logits.size),
    )
    of_kept = np.where(np.arange(logits.size) < k, logits, -np.inf)

    for words, expected in (
        ("before temperature and truncation", bz.log_softmax(logits)),
        ("after temperature, before truncation", bz.log_softmax(logits / t)),
        ("after temperature and truncation", bz.log_softmax(of_kept / t)),
        ("after truncation, before temperature", bz.log_softmax(of_kept)),
        ("raw logits", logits),
        ("logits over t", logits / t),
    ):
        known = np.isfinite(given)
        cut = np.isfinite(expected)
        if known.any() and np.allclose(
            np.array(given)[known & cut], expected[known & cut], atol=2e-3
        ):
            if np.array_equal(known & cut, known) and known.sum() > 1:
                return words
            if not cut.all() and all(np.array(given)[~cut] < -9):
                return words

    return "none of these: " + ", ".join(f"{value:.3g}" for value in given)


def alike(observed: dict[str, Any]) -> str:
    """Say how many of the texts are different."""
    texts = [tuple(text) for text in observed["texts"]]
    different = len(set(texts))
    if different == 1:
        return "the same text"
    if different < len(texts):
        return f"{different} different of {len(texts)}"
    same = np.mean(np.array([text[:10] for text in texts[:2]])[0] == np.array(texts[1][:10]))
    return "different texts" + (", which begin alike" if same > 0.9 else "")


def tail(observed: dict[str, Any]) -> str:
    """Say how many draws are of the tail, and whether that is as it should be."""
    expected = observed["draws"] * observed["tokens"] * known_logits.TAIL_PROBABILITY
    found = f"{observed['tail']} drawn, {expected:.0f} ± {np.sqrt(expected):.0f} expected"
    if observed["others"]:
        return f"{found}, and {observed['others']} forbidden ones"
    tokens, last = observed["tokens"], observed.get("last", observed["tokens"])
    if (last / tokens) ** observed["tail"] < DOUBT:
        return f"{found}: wrong, none of place {last:,} to {tokens:,}"
    fewer = stats.poisson.cdf(observed["tail"], expected)
    more = stats.poisson.sf(observed["tail"] - 1, expected)
    return found + ("" if min(fewer, more) > DOUBT else ": wrong")


def reading(observed: dict[str, Any]) -> str:
    """Say which temperature is read, and how well."""
    if len(kept(observed)) == 1:
        return edge(observed)
    temperature, error = reading_of(observed)
    foreign = f", {observed['others']} forbidden tokens" if observed["others"] else ""
    return f"{temperature:.4f} ± {error:.4f}{foreign}"


def anything_else(observed: dict[str, Any]) -> str:
    """Say whether the counts are those of t = 1."""
    return "nothing" if fits(observed, 1.0) else "something: the counts are not those of t = 1"
