"""The rounds in which a server is asked: how many draws each brings, and of which prompts."""

from collections.abc import Iterator
from dataclasses import replace

from boltzmann.thermometer import Reading, SamplingLaw
from boltzmann.thermometer.choosing import heat_capacities, hottest
from boltzmann.thermometer.io.journal import Journal
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.saved_draws import SavedDraws

_GROWTH = 1.25  # of all draws from one look to the next: a look reads all of them
_SHARE = 0.25  # of the prompts, the hottest, is asked after the first look
_FEWEST = 2  # prompts, if there are as many
_RUN = 4  # requests in a row have one prompt at the least, so that shared random numbers show ...
_LEAST_BEYOND = 8  # ... and so many follow the first look before a claim holds


def looks(before: int, step: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield the number of each look, and how many draws there are to be by then, up to `most`.

    The first is at `step` draws, each other at `step` or a quarter more than the one before it. An
    audit that resumes with `before` draws looks at them first; no number comes twice.
    """
    number = 1
    draws = min(step, most)
    while draws < before and draws < most:
        draws = min(max(draws + step, int(_GROWTH * draws)), most)
        number += 1
    if before >= step and before < draws:
        yield number, before
        number += 1
    while True:
        yield number, draws
        if draws >= most:
            return
        draws = min(max(draws + step, int(_GROWTH * draws)), most)
        number += 1


def request_of_round(
    request: AuditRequest, journal: Journal, hot: tuple[str, ...], concurrency: int
) -> AuditRequest:
    """Return what is asked next: every prompt once, and then the hottest in runs."""
    prompts = request.all_prompts
    if not hot or journal.next_unanswered(0) < len(prompts):
        return replace(request, prompts=prompts, repeats=1)
    return replace(request, prompts=hot, repeats=max(_RUN, concurrency))


def hottest_prompts(claim: SamplingLaw, draws: SavedDraws, reading: Reading) -> tuple[str, ...]:
    """Return the prompts whose lists so far have the greatest heat capacity under the claim."""
    prompts = draws.prompts or []
    labels = [prompts[k] for k in reading.evidence.which]
    found = hottest(heat_capacities(reading, claim), labels, share=_SHARE, least=_FEWEST)
    return tuple(str(prompt) for prompt in found if prompt is not None)


def may_hold(request: AuditRequest, draws: SavedDraws) -> bool:
    """Whether there are enough requests to see whether they share random numbers."""
    return len(set(draws.groups)) >= len(request.all_prompts) + _LEAST_BEYOND
