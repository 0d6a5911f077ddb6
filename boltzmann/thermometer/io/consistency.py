"""Whether what a server reports agrees with itself, and whether lists are whole distributions."""

from collections.abc import Iterable, Sequence
from math import exp, fsum

from boltzmann.thermometer.io.tokens import PLACEHOLDER, ObservedDraw

ROUNDING = 0.01  # nats by which a log-probability may come out above 0
_MOST = 1.02  # a sum of probabilities: each may be rounded, and runtimes differ by 0.006 nat
_ALL = 0.999  # a sum of probabilities beside which none is left
_DIFFERENCE = 0.02  # nats between two reports of one log-probability

_NOT_LISTED = "not listed, though too likely for a token beyond its list"
_OTHER_VALUE = "listed with another log-probability"
_ABOVE_0 = "with log-probabilities above 0"
_ABOVE_1 = "with probabilities that add up to more than 1"


def contradiction_in(draw: ObservedDraw, *, logits: bool = False) -> tuple[str, str] | None:
    """Return what does not agree, in general and in this draw; None if all does.

    Parameters
    ----------
    draw : ObservedDraw
        A draw, and what was listed for it.
    logits : bool
        Whether numbers are logits, which may have any sum.
    """
    listed = _listed(draw)
    if not listed:
        return None
    return (None if logits else _no_distribution(listed)) or _of_token(draw, listed, logits)


def _listed(draw: ObservedDraw) -> list[float]:
    """Return the log-probabilities listed, the largest first, without placeholders."""
    values = draw.logprobs
    if values and values[-1] <= PLACEHOLDER:
        return [value for value in values if value > PLACEHOLDER]
    return values


def _no_distribution(listed: list[float]) -> tuple[str, str] | None:
    """Return why numbers are no log-probabilities of distinct tokens."""
    if listed[0] > ROUNDING:
        return _ABOVE_0, f"{listed[0]:.4g}"
    total = total_probability(listed)
    return (_ABOVE_1, f"{total:.3g}") if total > _MOST else None


def _of_token(draw: ObservedDraw, listed: list[float], logits: bool) -> tuple[str, str] | None:
    """Return why the token drawn, with the value beside it, cannot be of its list."""
    if draw.own is None or draw.chosen is None:
        return None
    if draw.chosen in draw.tokens:
        value = draw.logprobs[draw.tokens.index(draw.chosen)]
        if value <= PLACEHOLDER or abs(value - draw.own) <= _DIFFERENCE:
            return None
        return _OTHER_VALUE, f"{draw.own:.4g} beside the token, {value:.4g} in its list"

    if draw.own > listed[-1] + _DIFFERENCE:
        return _NOT_LISTED, f"{draw.own:.4g} beside the token, {listed[-1]:.4g} the last listed"
    if not logits and (total := total_probability([*listed, draw.own])) > _MOST:
        return _NOT_LISTED, f"with it probabilities add up to {total:.3g}"
    return None


def are_logits(draws: Sequence[ObservedDraw]) -> bool:
    """Tell whether numbers are logits: more than half of the lists hold one above 0.

    Raises
    ------
    ValueError
        If they are probabilities.
    """
    above = [draw for draw in draws if draw.logprobs and draw.logprobs[0] > ROUNDING]
    if 2 * len(above) <= len(draws):
        return False
    smallest = min(_listed(draw)[-1] for draw in above)
    if smallest >= 0 and all(sum(draw.logprobs) <= _MOST for draw in above):
        raise ValueError(
            f"log-probabilities are above 0, such as {above[0].logprobs[0]:.4g}: these look like "
            "probabilities, whose logarithms are meant"
        )
    return True


def lengths_at_truncation(draws: Sequence[ObservedDraw], listed: int | None = None) -> list[int]:
    """Return of each list that holds only what a truncation left how many tokens that is.

    Its probabilities add up to 1, and it is shorter than the longest, or filled up with
    placeholders. A server may list fewer tokens than were asked for: lists of one length are taken
    for cut only if all of them add up to 1.

    Parameters
    ----------
    draws : sequence of ObservedDraw
        Draws with their lists.
    listed : int, optional
        The length that lists were asked for; by default that of the longest.
    """
    if listed is not None and all(_is_cut(draw, listed) for draw in draws):
        return [len(_listed(draw)) for draw in draws]
    longest = max((len(draw.tokens) for draw in draws), default=0)
    return [len(_listed(draw)) for draw in draws if _is_cut(draw, longest)]


def is_whole(draw: ObservedDraw) -> bool:
    """Tell whether a list leaves no probability to other tokens."""
    listed = _listed(draw)
    if len(listed) == 0 or listed[0] > ROUNDING:
        return False
    return _ALL <= total_probability(listed) <= _MOST


def _is_cut(draw: ObservedDraw, asked: int) -> bool:
    return len(_listed(draw)) < asked and is_whole(draw)


def total_probability(logprobs: Iterable[float]) -> float:
    """Return the sum of probabilities, given their logarithms, which are at most about 0."""
    return fsum(map(exp, logprobs))


def is_distribution(logprobs: Iterable[float]) -> bool:
    """Tell whether numbers of at most about 0 may be log-probabilities of distinct tokens."""
    return total_probability(logprobs) <= _MOST
