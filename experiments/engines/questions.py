"""What every engine is asked, and how the answer follows from what was observed.

A result file, `results/ENGINE.json`, is an object:

    {"engine": "llama.cpp's server", "packages": ["…==…"], "versions": {"…": "…"},
     "date": "2026-11-29", "answers": {"zero": {"value": "greedy", "observed": {…}},
                                       "tail": {"value": null, "reason": "…"}}}

There is an answer for each key of `QUESTIONS`, and for each question of one engine alone, whose
keys begin with `also_`. A value is a short text, computed from what was observed by the functions
of `answers.py` and by nothing else; null has its reason. What is observed is one of

    {"row": "three", "settings": {…}, "counts": [199, 77, 24], "others": 0}
        how often each token came; `others` counts those whose logit is -1e30, the forbidden ones,
        and `kinds`, where there are any, the different ones of them
    {"row": "tail", "settings": {…}, "tokens": 100000, "draws": 20000, "tail": 218, "last": 99890,
     "others": 0}
        how many draws are of the tail, and up to which place in it
    {"row": "three", "settings": {…}, "logprobs": [-0.41, -1.41, null]}
        log-probabilities as reported
    {"texts": [[12, 0, 3, …], …]}
        draws, text by text
    {"error": "ValueError: …"}
        what the engine said
    {"words": "…"}
        an answer in words

For a question of one engine alone `asked` says it, and `as` may name the question whose words are
used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from experiments.engines import answers


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


def _also(observed: dict[str, Any]) -> str:
    """Answer a question of one engine alone: as the question `as`, or by the form observed."""
    if "as" in observed:
        return QUESTIONS[observed["as"]].answer(observed)
    if "words" in observed:
        return str(observed["words"])
    if "texts" in observed:
        return answers.alike(observed)

    if "tail" in observed:
        return answers.tail(observed)
    if "logprobs" in observed:
        return answers.logprob(observed)
    if observed["row"] == "rank":
        return answers.wall(observed)

    if observed["row"] in ("four", "ties"):
        return answers.which(observed)
    return answers.ties(observed) if observed["row"] == "equal" else answers.edge(observed)


_THREE = "logits 3, 2, 1, 300 draws; which law the counts fit"

QUESTIONS: dict[str, Question] = {
    "zero": Question("t = 0", _THREE, answers.edge),
    "zero_ties": Question(
        "t = 0, 64 equal logits", "which of them come in 300 draws", answers.ties
    ),
    "tiny": Question("t = 1e-6", _THREE, answers.edge),
    "floor": Question(
        "least t",
        "logits 0.02 and 0 at t = 1e-6: exactly, the second never comes; if it does, at which t",
        answers.floor,
    ),
    "subnormal": Question("t = 1e-40", _THREE, answers.edge),
    "hot": Question("t = 1e6", _THREE, answers.edge),
    "infinite": Question(
        "t = ∞", _THREE + " (all logits are finite, so the limit is uniform)", answers.edge
    ),
    "negative": Question("t = -1", _THREE, answers.edge),
    "defaults": Question(
        "nothing asked",
        "4,000 draws of p ∝ 1/rank; t as read, and how many of 200 tokens are left",
        answers.wall,
    ),
    "temperature_alone": Question("t = 0.7 and nothing else asked", "the same", answers.wall),
    "order": Question(
        "temperature and top_p",
        "logits 3, 2, 1 at t = 0.5 with top_p = 0.8: one token is left if the temperature comes "
        "first, two if last",
        answers.number({1: "temperature first", 2: "temperature last", 3: "top_p is ignored"}),
    ),
    "nucleus": Question(
        "top_p with top_k",
        "p = .4 .3 .2 .1, top_k = 3, top_p = .75: two tokens are left if top_p is of the three, "
        "three if of all",
        answers.number({2: "of what top_k leaves", 3: "of all tokens"}),
    ),
    "min_p_order": Question(
        "top_p with min_p",
        "p = .4 .3 .2 .1, min_p = .6, top_p = .45: one token is left if top_p is of what min_p "
        "leaves, else two",
        answers.number({1: "min_p first", 2: "top_p of all tokens", 4: "both are ignored"}),
    ),
    "ties_top_k": Question(
        "ties at top_k", "logits 2, 1, 1, 1, 0 (A to E), top_k = 2; what is left", answers.which
    ),
    "ties_top_p": Question(
        "ties at top_p",
        "the same, top_p = .6: A and one of B, C, D would do; what is left",
        answers.which,
    ),
    "logprob": Question(
        "a reported log-probability",
        "logits 3, 2, 1 at t = 0.5 with top_k = 2: after which steps it is taken",
        answers.logprob,
    ),
    "seed_repeats": Question("one seed, twice", "two texts of 20 tokens", answers.alike),
    "seed_absent": Question("no seed, two requests", "two texts of 20 tokens", answers.alike),
    "seed_processes": Question(
        "no seed, two processes", "the first 20 tokens of each", answers.alike
    ),
    "batch_seeded": Question(
        "one seed, four equal prompts in a batch", "four texts of 20 tokens", answers.alike
    ),
    "batch_unseeded": Question(
        "no seed, four equal prompts in a batch", "four texts of 20 tokens", answers.alike
    ),
    "tail": Question(
        "tokens of p = 1e-7",
        "how many draws of such tokens come, and how many should (± their root)",
        answers.tail,
    ),
    "unasked": Question(
        "what else acts at t = 1",
        "chi-square of the draws at t = 1, truncation off",
        answers.anything_else,
    ),
    "reading_0.3": Question(
        "reading at 0.3", "p ∝ 1/rank of 200 tokens, `boltzmann.thermometer.read`", answers.reading
    ),
    "reading_0.7": Question("reading at 0.7", "the same", answers.reading),
    "reading_1": Question("reading at 1", "the same", answers.reading),
    "reading_1.5": Question("reading at 1.5", "the same", answers.reading),
}
