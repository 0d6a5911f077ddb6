"""The report of an audit, in 80 columns."""

import textwrap
from collections.abc import Mapping

import numpy as np

from boltzmann.commands.audit.advice import Audited, advice
from boltzmann.thermometer import Candidate, Diagnosis, Reading, TopReading
from boltzmann.thermometer.diagnosis import Verdict, bound
from boltzmann.thermometer.faults import FAULTS, WITHOUT_LAW

_WIDTH = 78
_INDENT = 14
_TRACK = 46  # characters across the plot
_SHOWN = 5  # candidates
_SIGNS = 3  # of what was seen


def name_of(diagnosis: Diagnosis) -> str:
    """Return what went wrong, with the number that was fitted to the draws; "" if nothing did."""
    if not diagnosis.fault:
        return ""
    name = FAULTS[diagnosis.fault]
    law = diagnosis.law
    if diagnosis.fault == "wrong_temperature":
        return f"{name}, t = {_number(law.temperature)}"
    hidden = {
        "hidden_top_k": law.top_k,
        "hidden_top_p": law.top_p,
        "hidden_min_p": law.min_p,
    }.get(diagnosis.fault)
    return name if hidden is None else f"{name} = {_number(hidden)}"


def report(
    reading: Reading,
    diagnosis: Diagnosis,
    source: dict[str, str],
    resolution: float,
    said: dict[str, str],
    orders: Mapping[str, Verdict],
    audited: Audited,
) -> str:
    """Return the finding in 80 columns.

    Parameters
    ----------
    reading, diagnosis : Reading, Diagnosis
        What was found.
    source : dict
        Lines about where the draws come from, by name.
    resolution : float
        The relative deviation of a temperature that would have been seen, if the claim holds.
    said : dict
        Lines about what the server says of its sampler, by name.
    orders : dict
        The verdict in the order of each engine, where the claim does not say its order.
    audited : Audited
        What advice depends on.
    """
    lines = [_entry(name, text) for name, text in source.items()]
    lines += [_entry("draws", _draws(reading)), *_lists(reading, diagnosis), ""]

    lines += [
        *_temperature(reading, diagnosis),
        _entry("claim", str(diagnosis.claimed)),
        *_orders(orders),
        *[_entry(name, text) for name, text in said.items()],
        _entry("verdict", _verdict(reading, diagnosis, resolution)),
    ]
    lines += [_entry("seen" if k == 0 else "", text) for k, text in enumerate(_seen(diagnosis))]
    if words := advice(diagnosis.fault, audited):
        lines.append(_entry("", words))
    return "\n".join([*lines, *_candidates(diagnosis), *_plot(reading, diagnosis)])


def _entry(name: str, text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"{name:<{_INDENT}}",
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _number(value: float) -> str:
    return f"{value:.4g}"


def _draws(reading: Reading) -> str:
    words = {
        "withheld": "withheld, or of a text that names no one token",
        "not listed": "not among the tokens listed",
        "forbidden": "of probability 0",
        "below the top": f"below the {reading.top:g} likeliest",
        "contradictory": "that contradict their lists",
    }
    parts = [f"{count} {words[reason]}" for reason, count in reading.left_out.items()]
    return f"{reading.draws} used" + (f"; left out: {', '.join(parts)}" if parts else "")


def _lists(reading: Reading, diagnosis: Diagnosis) -> list[str]:
    """Return what cannot be seen where only the likeliest tokens are listed."""
    if not reading.evidence.partial:
        return []
    seen = min(reading.evidence.levels.sizes.max(), reading.top)
    lines = [_entry("", f"a truncation beyond the {seen:.0f} likeliest is not seen")]
    if diagnosis.undetermined:
        left_out = (
            f"{diagnosis.undetermined} draws left out: lists do not tell whether the top-p claimed "
            "reaches so far"
        )
        lines.append(_entry("", left_out))
    return lines


def _seen(diagnosis: Diagnosis) -> list[str]:
    """Return what speaks against the claim, in words."""
    note = [diagnosis.note] if diagnosis.fault and diagnosis.note else []
    return note + [
        f"{sign.words} ({bound(sign.p_value)})" if sign.p_value > 0 else sign.words
        for sign in diagnosis.seen[:_SIGNS]
    ]


def _temperature(reading: Reading, diagnosis: Diagnosis) -> list[str]:
    if reading.draws == 0:
        least = _number(reading.interval[0])
        return [_entry("temperature", f"at least {least}: no draw is of a token in its list")]
    if np.isnan(reading.temperature):
        return [_entry("temperature", "none can be read: the lists hold no choice")]
    if reading.temperature == 0 and np.signbit(reading.temperature):
        return [_entry("temperature", "0 from below: of each list the unlikeliest was drawn")]
    if reading.temperature < 0:
        value = f"{_number(reading.temperature)} ± {reading.standard_error:.2g}"
        words = f"{value}: below 0, as unlikely tokens come more often than likely ones do"
        return [_entry("temperature", words)]
    low, high = reading.interval
    value = f"{_number(reading.temperature)} ± {reading.standard_error:.2g}"
    level = f"{100 * reading.confidence:g} %"
    interval = f"{level} of such intervals hold it: {_number(low)} … {_number(high)}"

    if not diagnosis.claimed.truncated:
        return [_entry("temperature", value), _entry("", interval)]
    lines = [_entry("temperature", f"{value} if nothing is truncated")]
    fitted = [c.law.temperature for c in diagnosis.candidates if c.fault == "wrong_temperature"]

    if fitted and diagnosis.verdict != "fails":
        lines.append(_entry("", f"{_number(fitted[0])} with the truncation claimed"))
    return lines


def _orders(verdicts: Mapping[str, Verdict]) -> list[str]:
    """Return which orders fit, where some do and others do not."""
    refuted = [engine for engine, verdict in verdicts.items() if verdict == "fails"]
    if len(refuted) in (0, len(verdicts)):
        return []
    fitting = [engine for engine in verdicts if engine not in refuted]
    return [_entry("order", f"fits that of {', '.join(fitting)}; not of {', '.join(refuted)}")]


def _verdict(reading: Reading, diagnosis: Diagnosis, resolution: float) -> str:
    if diagnosis.verdict == "holds":
        if diagnosis.note:  # all that can be told is an upper bound
            return f"holds: {diagnosis.note}, and t is at most {_number(reading.interval[1])}"
        seen = f"{100 * resolution:g} %" if diagnosis.claimed.temperature else f"{resolution:g}"
        return f"holds: a temperature off by {seen} would have been seen"
    if diagnosis.verdict == "cannot tell":
        return f"cannot tell: {_missing(diagnosis)}"
    law = "" if diagnosis.fault in WITHOUT_LAW else f"; likeliest {diagnosis.law}"
    name = FAULTS[diagnosis.fault] if diagnosis.fault else ""
    return f"fails, {diagnosis.fault}: {name}{law} ({bound(diagnosis.p_value)})"


def _missing(diagnosis: Diagnosis) -> str:
    """Return what it takes to tell."""
    if diagnosis.temperature_holds:
        return (
            "the temperature holds; the truncation claimed cannot be told from lists that may end "
            "at it. Claim the temperature alone for exit status 0"
        )
    if diagnosis.contradictory:
        return f"{diagnosis.contradictory} draws contradict their lists (see above)"
    if diagnosis.near_ties:
        return diagnosis.note.replace("a slack of", "--slack")
    if np.isfinite(diagnosis.draws_needed):
        return f"about {diagnosis.draws_needed:.2g} more draws are needed"
    if diagnosis.undetermined:
        return "no list tells which tokens the top-p claimed leaves"
    return "the lists hold no choice, whatever the temperature. Ask for longer ones"


def _candidates(diagnosis: Diagnosis) -> list[str]:
    """Return the table of the likeliest faults, each by its likeliest law."""
    best: dict[str, Candidate] = {}
    for candidate in diagnosis.candidates:  # the likeliest first
        if candidate.log_likelihood_ratio > -np.inf:
            best.setdefault(candidate.fault, candidate)
    likeliest = list(best.values())[:_SHOWN]

    # Contradictory draws make anything look likely.
    if diagnosis.contradictory and diagnosis.verdict == "cannot tell":
        return []
    # Where the claim holds, ratios of a nat or two are noise; where there is no choice, all are 0.
    if (
        diagnosis.holds
        or diagnosis.temperature_holds
        or np.isinf(diagnosis.draws_needed)
        or not likeliest
    ):
        return []

    lines = [
        "",
        f"{'faults, the likeliest first; a fitted number costs 7':<57}{'log-likelihood ratio':>21}",
    ]
    for candidate in likeliest:
        law = str(candidate.law)
        lines.append(f"  {candidate.fault:<18}  {law:<46}{candidate.log_likelihood_ratio:>z10.1f}")
    return lines


def _plot(reading: Reading, diagnosis: Diagnosis) -> list[str]:
    """Return the readings from the m likeliest tokens alone, beside the claim."""
    shown = [
        top
        for top in reading.by_top
        if 0 < top.temperature < np.inf and np.isfinite(top.standard_error)
    ]
    if not shown:
        return []
    claim = diagnosis.claimed.temperature
    low, high = _range(shown, claim)

    def place(t: float) -> int:
        return int(np.clip(round((t - low) / (high - low) * (_TRACK - 1)), 0, _TRACK - 1))

    lines = ["", f"t from the m likeliest tokens alone; │ is the claim, {_number(claim)}"]
    for top in shown:
        left = place(top.temperature - top.standard_error)
        right = place(top.temperature + top.standard_error)
        track = [" "] * _TRACK
        track[left : right + 1] = "─" * (right + 1 - left)
        track[place(claim)] = "│"
        track[place(top.temperature)] = "●"
        value = f"{_number(top.temperature)} ± {top.standard_error:.2g}"
        lines.append(f"  m = {top.top:<6.0f} {value:<18}{''.join(track)}".rstrip())
    return lines


def _range(shown: list[TopReading], claim: float) -> tuple[float, float]:
    """Return the temperatures at the ends of the plot: all readings, ± two standard errors."""
    lows = [max(top.temperature - 2 * top.standard_error, 0.0) for top in shown]
    highs = [
        min(top.temperature + 2 * top.standard_error, 3 * top.temperature) for top in shown
    ]  # a long bar is cut
    low = min(claim, *lows)
    high = max(claim, *highs)
    margin = 0.08 * (high - low) or 0.1
    return low - margin, high + margin
