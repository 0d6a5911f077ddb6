"""Samplers of inference engines, what is claimed of them, and what may be said.

`python -m tests.support.sampler_cases 2500 20` prints what is said of 2,500 draws, 20 seeds each.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann.thermometer import SamplingLaw, diagnose, read
from boltzmann.thermometer.orders import ORDERS
from tests.support import answers, noise
from tests.support import samplers as s

HOLDS = {"holds", "cannot tell"}
UNKNOWN = {"unknown"}


@dataclass(frozen=True)
class Case:
    """A sampler, the claim, what may be said of it, and how answers are drawn.

    Attributes
    ----------
    sampler : callable
        Makes the sampler.
    claim : float or SamplingLaw
    may : set of str
        Faults, or verdicts, that are right.
    options : dict
        Of `draw_answers`.
    noise : callable, optional
        From a seed, which noise is drawn with.
    after : callable, optional
        From draws and a seed, what is reported.
    alone : bool
        Whether every row is a prompt.
    """

    sampler: Callable[[], Any]
    claim: Any
    may: set[str]
    options: dict[str, Any]
    noise: Callable[[int], Any] | None = None
    after: Callable[[Any, int], Any] | None = None
    alone: bool = False

    def draws(self, number, seed):
        """Return the draws of the tiny GPT-2."""
        model = answers.tiny()
        if self.alone:
            rows = np.arange(len(model.logits))
            model = answers.Model(model.logits, model.order, model.logprobs, rows)
        options = dict(self.options)
        if self.noise is not None:
            options["noise"] = self.noise(seed)
        found = answers.draw_answers(model, self.sampler(), number, seed, **options)
        return found if self.after is None else self.after(found, seed)

    def diagnosis(self, number, seed):
        """Return what is said of draws, whose log-probabilities might be off by 0.012 nat."""
        d = self.draws(number, seed)
        reading = read(
            (d.tokens, d.logprobs),
            d.chosen,
            rows=d.rows,
            groups=d.answers,
            prompts=d.prompts,
            normalised=1.0,
        )
        return diagnose(reading, self.claim, slack=0.012, resolution=0.2)


def said(diagnosis):
    """Return the fault, or the verdict."""
    return diagnosis.fault or diagnosis.verdict


def case(sampler, claim=0.7, may=HOLDS, noise=None, after=None, alone=False, **options):
    return Case(sampler, claim, set(may), options, noise, after, alone)


def chain(*steps):
    return lambda: s.chain(*steps)


def t(value):
    return s.temperature(value)


def _only_each_eighth():
    return s.chain(s.only(np.flatnonzero(np.arange(1024) % 8 == 0)), t(0.7))


def _without_some_likely():
    banned = answers.tiny().order[:, 0][::60]
    return s.chain(s.only(np.setdiff1d(np.arange(1024), banned)), t(0.7))


def _without_one():
    banned = [answers.tiny().order[5, 0]]
    return s.chain(s.only(np.setdiff1d(np.arange(1024), banned)), t(0.7))


def _greedy_in_half():
    return s.greedy_in(lambda x: (np.abs(x[:, 7] * 1e4) % 2) < 1, s.chain(t(0.7)))


LAST = SamplingLaw(0.7, top_p=0.9, order=ORDERS["llama.cpp"])
LLAMA = SamplingLaw(0.8, top_k=40, top_p=0.95, min_p=0.05, order=ORDERS["llama.cpp"])
HONEST = {
    "t = 0.3": case(chain(t(0.3)), 0.3),
    "t = 0.7": case(chain(t(0.7))),
    "t = 1.5": case(chain(t(1.5)), 1.5),
    "top_k 10": case(chain(s.top_k(10), t(0.7)), SamplingLaw(0.7, top_k=10)),
    "top_p first": case(chain(t(0.7), s.top_p(0.9)), SamplingLaw(0.7, top_p=0.9)),
    "top_p first, hot": case(chain(t(1.5), s.top_p(0.9)), SamplingLaw(1.5, top_p=0.9)),
    "top_p last": case(chain(s.top_p(0.9), t(0.7)), LAST),
    "min_p first": case(chain(t(1.5), s.min_p(0.05)), SamplingLaw(1.5, min_p=0.05)),
    "llama.cpp": case(chain(s.top_k(40), s.top_p(0.95), s.min_p(0.05), t(0.8)), LLAMA),
    "greedy, as claimed": case(chain(t(0)), 0.0),
    "whole rows": case(chain(t(0.7)), listed=1024),
    "whole rows, top_p": case(
        chain(t(3.0), s.top_p(0.9)), SamplingLaw(3.0, top_p=0.9), listed=1024
    ),
    "whole rows, min_p": case(
        chain(t(3.0), s.min_p(0.05)), SamplingLaw(3.0, min_p=0.05), listed=1024
    ),
    "one token an answer": case(chain(t(0.7)), length=1),
    "200 tokens an answer": case(chain(t(0.7)), length=200),
}
"""True claims."""

PENALISED = {"penalised"}
DEPENDENT = {"dependent_draws"}
DISHONEST = {
    "repeat penalty 1.1": case(chain(s.penalties(repeat=1.1), t(0.7)), may=PENALISED),
    "repeat penalty 1.3": case(chain(s.penalties(repeat=1.3), t(0.7)), may=PENALISED),
    "presence penalty 0.5": case(chain(s.penalties(presence=0.5), t(0.7)), may=PENALISED),
    "frequency penalty 0.5": case(chain(s.penalties(frequency=0.5), t(0.7)), may=PENALISED),
    "dynamic temperature": case(
        chain(s.dynamic_temperature(0.7, 0.3)), may={"entropy_dependent", "unknown"}
    ),
    "xtc 0.5": case(lambda: s.xtc(0.7, 0.5), may={"likeliest_excluded"}),
    "xtc 1": case(lambda: s.xtc(0.7, 1.0), may={"likeliest_excluded"}),
    "typical": case(chain(s.typical(0.5), t(0.7)), may={"hidden_typical", "unknown"}),
    "top-n-sigma 1": case(chain(s.top_n_sigma(1.0), t(0.7)), may=UNKNOWN),
    "mirostat 2": case(lambda: s.Mirostat2(0.7, 3.0), may=UNKNOWN),
    "adaptive-p": case(lambda: s.AdaptiveP(0.7, 0.3), may=UNKNOWN),
    "grammar": case(_only_each_eighth, may=UNKNOWN),
    "light grammar": case(_without_some_likely, may=UNKNOWN),
    "bias of +2": case(chain(s.logit_bias({300: 2.0}), t(0.7)), may={"biased"}),
    "a token forbidden": case(_without_one, may={"biased"}),
    "ignored at 0.05": case(chain(t(1.0)), 0.05, {"ignored"}),
    "ignored at 0.01": case(chain(t(1.0)), 0.01, {"ignored"}),
    "vLLM's floor": case(chain(s.floored_temperature(0.001, 0.01)), 0.001, {"clamped"} | HOLDS),
    "one seed": case(chain(t(0.7)), may=DEPENDENT, noise=lambda seed: noise.one_seed(seed)),
    "one seed, by races": case(
        chain(t(0.7)), may=DEPENDENT, noise=lambda seed: noise.one_seed(seed, True)
    ),
    "one seed, one token": case(
        chain(t(0.7)), may=DEPENDENT, noise=lambda seed: noise.one_seed(seed), length=1, alone=True
    ),
    "one seed, six tokens": case(
        chain(t(0.7)), may=DEPENDENT, noise=lambda seed: noise.one_seed(seed), length=6, alone=True
    ),
    "cache": case(
        chain(t(0.7)),
        may={"repeated_answers"},
        after=lambda draws, seed: answers.through_a_cache(draws, seed, 0.5),
    ),
    "greedy rows": case(_greedy_in_half, may=UNKNOWN),
    "one coin for a batch": case(
        lambda: s.sequence([s.chain(t(0.7)), s.chain(t(0))]), may=UNKNOWN | DEPENDENT
    ),
    "two workers": case(
        lambda: s.sequence([s.chain(t(0.5)), s.chain(t(0.9))]), may=UNKNOWN | DEPENDENT
    ),
    "leaking": case(lambda: s.leaking(s.chain(t(0.7)), 0.1), may=UNKNOWN),
    "reported by number": case(
        chain(t(0.7)), may=UNKNOWN, after=lambda draws, _: answers.reported_by_id(draws)
    ),
}
"""Samplers that do not what is claimed, and have a name, or none."""

KNOWN = {
    "ignored": case(chain(t(1.0)), may={"ignored"}),
    "squared": case(chain(t(0.49)), may={"squared"}),
    "doubled": case(chain(t(1.4)), may={"doubled", "inverted"}),
    "inverted": case(chain(t(1 / 0.6)), 0.6, {"inverted"}),
    "greedy": case(chain(t(0)), may={"greedy"}),
    "another": case(chain(t(0.9)), may={"wrong_temperature"}),
    "hidden top_k": case(chain(s.top_k(10), t(0.7)), may={"hidden_top_k"}),
    "hidden top_p": case(chain(t(0.7), s.top_p(0.9)), may={"hidden_top_p"}),
    "hidden min_p": case(chain(s.min_p(0.05), t(0.7)), may={"hidden_min_p"}),
    "no truncation": case(chain(t(0.7)), SamplingLaw(0.7, top_p=0.9), {"missing_truncation"}),
    "order": case(chain(s.top_p(0.9), t(0.7)), SamplingLaw(0.7, top_p=0.9), {"swapped_order"}),
}
"""Faults that are a temperature or a truncation."""


def main(number, seeds):
    """Print what is said of each case, and whether it may be."""
    for name, each in {**HONEST, **KNOWN, **DISHONEST}.items():
        found = Counter(said(each.diagnosis(number, seed)) for seed in range(seeds))
        wrong = sum(times for words, times in found.items() if words not in each.may)
        counted = ", ".join(f"{words} {times}" for words, times in found.most_common())
        sys.stdout.write(f"{name:24s} {wrong:3d} wrong of {seeds}: {counted}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
