"""What every engine is asked, and how the answer follows from what was observed.

A result file, `results/ENGINE.json`, is an object:

    {"engine": "llama.cpp's server", "packages": ["…==…"], "versions": {"…": "…"}, "date": "2026-11-29",
     "vocabulary": 289, "answers": {"zero": {"value": "greedy", "observed": {…}},
                                    "tail": {"value": null, "reason": "…"}}}

There is an answer for each key of `QUESTIONS`, and for each question of one engine alone, whose keys begin
with `also_`. A value is a short text, computed from what was observed by the functions below and by nothing
else; null has its reason. What is observed is one of

    {"row": "three", "settings": {…}, "counts": [199, 77, 24], "others": 0}     how often each token came
    {"row": "tail", "settings": {…}, "tokens": 100000, "draws": 20000, "tail": 218,
     "last": 99890, "others": 0}                                        how many of the tail, to which place
    {"row": "three", "settings": {…}, "logprobs": [-0.41, -1.41, null]}          as reported
    {"texts": [[12, 0, 3, …], …]}                                                 draws, text by text
    {"error": "ValueError: …"}                                                    what the engine said
    {"words": "…"}                                                                an answer in words

and for a question of one engine alone `asked` says it, and `as` may name the question whose words are used.
In these `others` counts tokens whose logit is -1e30, the forbidden ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

import boltzmann as bz
from boltzmann.thermometer import read
from experiments.engines.shared import known_logits

DOUBT = 1e-6  # a law that fits worse than this is not the law
MANY = 50  # different forbidden tokens: with so many of them none is forbidden


@dataclass(frozen=True)
class Question:
    """One column of the table.

    Attributes
    ----------
    title : str
        What the table calls it.
    asked : str
        What is done, and how the answer is computed.
    answer : callable
        The words for an observation that is no error.
    """

    title: str
    asked: str
    answer: Callable[[dict[str, Any]], str]


def answered(key: str, observed: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a question, as a result file holds it."""
    if "reason" in observed:
        return {"value": None, "reason": observed["reason"]}
    if "error" in observed:
        return {"value": f"error: {observed['error']}", "observed": observed}
    answer = _also if key.startswith("also_") else QUESTIONS[key].answer
    return {"value": answer(observed), "observed": observed}


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
    """Return the temperature that the draws tell, and its standard error; of the `top` likeliest only."""
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


def _edge(observed: dict[str, Any]) -> str:
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


def _floor(observed: dict[str, Any]) -> str:
    places = kept(observed)
    if observed["others"] or places == [1]:
        return _edge(observed)
    if places == [0]:
        return "none seen"
    if _probability(observed["counts"], np.full(2, 0.5)) > DOUBT:
        return "no choice is made: both alike"
    return f"t is raised to {reading_of(observed)[0]:.2g}"


def _ties(observed: dict[str, Any]) -> str:
    """Say which of equal tokens is the greedy one."""
    places, size = kept(observed), logits_of(observed).size
    if observed["others"]:
        return _edge(observed)
    if len(places) == 1:
        return {0: "the first", size - 1: "the last"}.get(
            places[0], f"number {places[0]} of {size}"
        )
    return "all of them" if len(places) == size else f"{len(places)} of {size}"


def _wall(observed: dict[str, Any]) -> str:
    """Say which tokens of the row by rank are left, and at which temperature they are drawn."""
    places = kept(observed)
    if observed["others"] or len(places) == 1:
        return _edge(observed)
    left = left_of(observed)
    temperature, error = reading_of(observed, left)
    words = (
        "nothing cut off" if left == logits_of(observed).size else f"of the {left} likeliest alone"
    )
    return f"t = {temperature:.2f} ± {error:.2f}, {words}"


def left_of(observed: dict[str, Any]) -> int:
    """Return how many of the likeliest tokens are left: all, unless too many places at the end never come."""
    last = kept(observed)[-1] + 1
    if last == 1:
        return 1
    temperature, _ = reading_of(observed, last)
    return last if last < _least_last(observed, temperature) else logits_of(observed).size


def _least_last(observed: dict[str, Any], temperature: float) -> int:
    """Return the place that the last token drawn reaches, but once in a million, if nothing is cut off."""
    law = bz.softmax(logits_of(observed) / temperature)
    later = np.append(np.cumsum(law[::-1])[::-1][1:], 0.0)  # the probability of all later places
    none_later = (1 - later) ** draws_of(observed)  # which grows from place to place
    return 1 + int(np.searchsorted(none_later, DOUBT))


def _number(counts: dict[int, str]) -> Callable[[dict[str, Any]], str]:
    """Return what says how many tokens were left, in the words for that number."""

    def answer(observed: dict[str, Any]) -> str:
        if observed["others"]:
            return _edge(observed)
        return counts.get(len(kept(observed)), f"{len(kept(observed))} tokens are left")

    return answer


def _which(observed: dict[str, Any]) -> str:
    """Say which tokens are left of A, then B, C, D that are equal, then E."""
    if observed["others"]:
        return _edge(observed)
    return ", ".join("ABCDE"[place] for place in kept(observed))


def _logprob(observed: dict[str, Any]) -> str:
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


def _alike(observed: dict[str, Any]) -> str:
    texts = [tuple(text) for text in observed["texts"]]
    different = len(set(texts))
    if different == 1:
        return "the same text"
    if different < len(texts):
        return f"{different} different of {len(texts)}"
    same = np.mean(np.array([text[:10] for text in texts[:2]])[0] == np.array(texts[1][:10]))
    return "different texts" + (", which begin alike" if same > 0.9 else "")


def _tail(observed: dict[str, Any]) -> str:
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


def _reading(observed: dict[str, Any]) -> str:
    if len(kept(observed)) == 1:
        return _edge(observed)
    temperature, error = reading_of(observed)
    foreign = f", {observed['others']} forbidden tokens" if observed["others"] else ""
    return f"{temperature:.4f} ± {error:.4f}{foreign}"


def _else(observed: dict[str, Any]) -> str:
    return "nothing" if fits(observed, 1.0) else "something: the counts are not those of t = 1"


def _also(observed: dict[str, Any]) -> str:
    """Answer a question that one engine alone is asked, as the question `as`, or by the form observed."""
    if "as" in observed:
        return QUESTIONS[observed["as"]].answer(observed)
    if "words" in observed:
        return str(observed["words"])
    if "texts" in observed:
        return _alike(observed)
    if "tail" in observed:
        return _tail(observed)
    if "logprobs" in observed:
        return _logprob(observed)
    if observed["row"] == "rank":
        return _wall(observed)
    if observed["row"] in ("four", "ties"):
        return _which(observed)
    return _ties(observed) if observed["row"] == "equal" else _edge(observed)


_THREE = "logits 3, 2, 1, 300 draws; which law the counts fit"

QUESTIONS: dict[str, Question] = {
    "zero": Question("t = 0", _THREE, _edge),
    "zero_ties": Question("t = 0, 64 equal logits", "which of them come in 300 draws", _ties),
    "tiny": Question("t = 1e-6", _THREE, _edge),
    "floor": Question(
        "least t",
        "logits 0.02 and 0 at t = 1e-6: exactly, the second never comes; if it does, at which t",
        _floor,
    ),
    "subnormal": Question("t = 1e-40", _THREE, _edge),
    "hot": Question("t = 1e6", _THREE, _edge),
    "infinite": Question(
        "t = ∞", _THREE + " (all logits are finite, so the limit is uniform)", _edge
    ),
    "negative": Question("t = -1", _THREE, _edge),
    "defaults": Question(
        "nothing asked",
        "4,000 draws of p ∝ 1/rank; t as read, and how many of 200 tokens are left",
        _wall,
    ),
    "temperature_alone": Question("t = 0.7 and nothing else asked", "the same", _wall),
    "order": Question(
        "temperature and top_p",
        "logits 3, 2, 1 at t = 0.5 with top_p = 0.8: one token is left if the temperature comes first, two if last",
        _number({1: "temperature first", 2: "temperature last", 3: "top_p is ignored"}),
    ),
    "nucleus": Question(
        "top_p with top_k",
        "p = .4 .3 .2 .1, top_k = 3, top_p = .75: two tokens are left if top_p is of the three, three if of all",
        _number({2: "of what top_k leaves", 3: "of all tokens"}),
    ),
    "min_p_order": Question(
        "top_p with min_p",
        "p = .4 .3 .2 .1, min_p = .6, top_p = .45: one token is left if top_p is of what min_p leaves, else two",
        _number({1: "min_p first", 2: "top_p of all tokens", 4: "both are ignored"}),
    ),
    "ties_top_k": Question(
        "ties at top_k", "logits 2, 1, 1, 1, 0 (A to E), top_k = 2; what is left", _which
    ),
    "ties_top_p": Question(
        "ties at top_p", "the same, top_p = .6: A and one of B, C, D would do; what is left", _which
    ),
    "logprob": Question(
        "a reported log-probability",
        "logits 3, 2, 1 at t = 0.5 with top_k = 2: after which steps it is taken",
        _logprob,
    ),
    "seed_repeats": Question("one seed, twice", "two texts of 20 tokens", _alike),
    "seed_absent": Question("no seed, two requests", "two texts of 20 tokens", _alike),
    "seed_processes": Question("no seed, two processes", "the first 20 tokens of each", _alike),
    "batch_seeded": Question(
        "one seed, four equal prompts in a batch", "four texts of 20 tokens", _alike
    ),
    "batch_unseeded": Question(
        "no seed, four equal prompts in a batch", "four texts of 20 tokens", _alike
    ),
    "tail": Question(
        "tokens of p = 1e-7",
        "how many draws of such tokens come, and how many should (± their root)",
        _tail,
    ),
    "unasked": Question(
        "what else acts at t = 1", "chi-square of the draws at t = 1, truncation off", _else
    ),
    "reading_0.3": Question(
        "reading at 0.3", "p ∝ 1/rank of 200 tokens, `boltzmann.thermometer.read`", _reading
    ),
    "reading_0.7": Question("reading at 0.7", "the same", _reading),
    "reading_1": Question("reading at 1", "the same", _reading),
    "reading_1.5": Question("reading at 1.5", "the same", _reading),
}
