"""The temperature at which tokens were drawn, read from their log-probabilities."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, stdtrit

from boltzmann._core.checks import FloatArray, as_count, as_number
from boltzmann.thermometer.condensing import Condensed, condense
from boltzmann.thermometer.constancy import TopReading, readings_by_top
from boltzmann.thermometer.draw_record import DrawRecord
from boltzmann.thermometer.errors import BetaErrors, as_error, errors_of_beta
from boltzmann.thermometer.evidence import Evidence, renumbered
from boltzmann.thermometer.fitting import as_t, fit_beta, likelihood_bounds
from boltzmann.thermometer.inputs import ABSENT, WITHHELD, draws_of_counts
from boltzmann.thermometer.signs.outside import least_temperature
from boltzmann.thermometer.token_levels import IntArray, TokenLevels
from boltzmann.thermometer.uniformity import kolmogorov_smirnov


@dataclass(frozen=True)
class Reading:
    """What the tokens tell about the temperature that drew them.

    Attributes
    ----------
    temperature : float
        t, in the unit of the logits; 0 if every draw was its row's likeliest token, inf if energy
        made no difference, negative if unlikely tokens were preferred, nan if no row leaves a
        choice.
    standard_error : float
        Of the temperature: the clustered one if groups were given, else the naive one.
    interval : (low, high)
        The confidence interval. It runs through infinity to negative temperatures where low > high.
    confidence : float
        Its level.
    naive_error, clustered_error : float
        The standard error if draws are independent, and if only groups of them are; nan without
        groups.
    draws : int
        How many draws were used. Where all are outside their lists there are none: the temperature
        is nan, and the interval's lower end the least at which so many may be.
    left_out : dict
        How many were not, by reason: "withheld" (no token reported), "not listed" (not in its
        row), "forbidden" (of probability 0), "below the top" (not among the likeliest `top`),
        "contradictory" (saved draws whose list disagrees with the token).
    top : float
        Draws were taken on the condition that they lie among so many likeliest tokens; inf for all.
    heat_capacity : float
        C of one draw, on average: n C draws tell t to 1/√(n C) of itself.
    goodness_of_fit : float
        The p-value of the fitted law, of all draws against one temperature (on the safe side, as t
        is fitted).
    by_top : tuple of TopReading
        The reading at several m. Where truncation is hidden it falls as m grows.
    constancy : float
        The p-value of all these being one temperature.
    evidence : Evidence
        The draws and the levels they were drawn from; what `diagnose` needs.

    See Also
    --------
    read : A temperature from draws.
    diagnose : Hold a reading against a claim.
    TopReading : A temperature among the likeliest tokens.
    """

    temperature: float
    standard_error: float
    interval: tuple[float, float]
    confidence: float
    naive_error: float
    clustered_error: float
    draws: int
    left_out: dict[str, int]
    top: float
    heat_capacity: float
    goodness_of_fit: float
    by_top: tuple[TopReading, ...]
    constancy: float
    evidence: Evidence = field(repr=False, compare=False)


def read(
    logits_or_logprobs: Any,
    chosen: Any = None,
    top: int | None = None,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
    *,
    rows: ArrayLike | None = None,
    prompts: ArrayLike | None = None,
    normalised: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    own: ArrayLike | None = None,
) -> Reading:
    r"""Read the temperature at which tokens were drawn.

    With E = -logits and β = 1/t, draw i has the likelihood softmax(-β E_i) at its token x_i: an
    exponential family, whose one peak [1]_ is where the mean energies add up to those drawn,

    .. math:: \sum_i \bigl(\langle E \rangle_\beta - E_{x_i}\bigr) = 0, \qquad
              \mathrm{SE}(t)/t = 1/\sqrt{n C}, \qquad C = \beta^2
              \,\overline{\operatorname{Var}_\beta(E)}

    How well a temperature can be measured is how much heat the distribution holds. The interval is
    the likelihood's: all β at which it lies less than half a quantile of chi-square below its peak,
    stretched by the square of clustered over naive error where groups are given.

    Given that a draw lies among the m likeliest tokens, its law needs no others: with `top` = m the
    rest may be unknown, or truncated. Whether the law is right is told by U = F(x⁻) + V p(x), V
    uniform, which is then uniform and independent from draw to draw [2]_.

    Parameters
    ----------
    logits_or_logprobs : array, or iterable of batches or lists
        In nats, up to a constant per row; -inf forbids a token. One row for each draw: an (n, V)
        array or memory map, an iterable of (b, V) arrays (passed once), an iterable of n
        one-dimensional rows of any lengths, of n mappings {token: logprob}, of n pairs (tokens,
        logprobs), or a pair of two (n, m) arrays of such. Or one row (V,) for all draws.
    chosen : (n,) array_like
        The token drawn: an index into the row, or one of its tokens. None, or -1, was withheld.
    top : int, optional
        m: take only draws among the m likeliest, on that condition. Servers that report the m
        likeliest *and* the token drawn need it; where lists show that pattern (the longer ones end
        in the token drawn, one place after the shortest's end) it is chosen so.
    groups : (n,) array_like, optional
        Equal for draws that may depend on each other, such as the tokens of one answer, in their
        order. Without groups draws from different rows are one answer, and errors are those of
        independent draws.
    confidence : float
        Of the interval, between 0 and 1.
    rows : (n,) array_like of int, optional
        The row that each draw was drawn from, if not its own.
    prompts : (n,) array_like of int, optional
        Equal for draws whose answers were asked with the same words. By default the row at which
        an answer begins stands for them.
    normalised : float or (R,) array_like, optional
        The temperature at which rows are log-probabilities of the whole vocabulary, of which they
        list the likeliest tokens: 1, unless they were multiplied by something. It tells how
        probable the others are together, which a truncation by top_p depends on. nan for a row of
        which that is not known. By default rows hold all tokens.
    counts : (R, V) or (V,) array_like of int, optional
        Instead of the tokens, how often each token of each row was drawn. Nothing is then known of
        the order of draws, or tested of it.
    own : (n,) array_like, optional
        The log-probability that is reported beside each token drawn, whether its row holds it or
        not; nan where none is. It tells how unlikely a token is that no row holds.

    Returns
    -------
    Reading
        The temperature, its error, and the tests of the fitted law.

    Raises
    ------
    ValueError
        If a log-probability is nan or +inf, a row is empty or allows nothing, shapes disagree, or
        no draw is left.

    See Also
    --------
    diagnose : Hold a reading against a claim.
    audit : Draw from a sampler, read and diagnose.
    load_draws : Draws from a file.

    Notes
    -----
    Long rows are condensed as they are passed, and need not be kept or passed again: the 256
    likeliest tokens keep a level each, those above are gathered, 32 levels to the nat. A reading
    holds on to these levels.

    Tokens that are withheld for what they are, such as pieces of a character, must be missing from
    the rows as well, or be forbidden there: the law is then the one given that no such token is
    drawn.

    References
    ----------
    .. [1] arXiv:2601.02320 (2026): the point estimate of a temperature from text.
    .. [2] A. Brockwell, Stat. Probab. Lett. 77, 1473 (2007).

    Examples
    --------
    >>> from boltzmann.language import draw
    >>> logits = -np.log(np.arange(1.0, 1001.0))
    >>> reading = read(logits, draw(logits, temperature=0.7, size=5000, seed=1))
    >>> round(reading.temperature, 2), round(reading.standard_error, 3), reading.draws
    (0.7, 0.004, 5000)
    """
    confidence = _as_confidence(confidence)
    if counts is not None:
        if any(argument is not None for argument in (chosen, rows, groups, prompts, own)):
            raise ValueError(
                "counts are of whole rows: chosen, rows, groups, prompts, own are none"
            )
        chosen, rows = draws_of_counts(counts)
    if chosen is None:
        raise ValueError("chosen is None: give the tokens drawn, or their counts")
    found = condense(logits_or_logprobs, chosen, rows, normalised)
    levels, ranks, places = found.levels, found.ranks, found.positions
    if top is not None:
        most = float(as_count("top", top))
    else:
        most = _listed_beside_drawn(logits_or_logprobs, levels, found.rows, ranks)

    # Which draws cannot be used, and why.
    listed = places >= 0  # (n,)
    reasons = {
        "withheld": places == WITHHELD,
        "not listed": places == ABSENT,
        "forbidden": listed & (found.energies == np.inf),
        "below the top": listed & (found.energies < np.inf) & (ranks >= most),
    }
    left_out = {reason: int(mask.sum()) for reason, mask in reasons.items() if mask.any()}
    used = ~np.any(list(reasons.values()), axis=0)  # (n,)
    labels = _as_labels("groups", groups, used.shape)
    record = DrawRecord(
        tokens=found.likeliest,
        gaps=found.gaps,
        rows=found.rows,
        chosen=found.tokens,
        answers=_as_answers(labels, found.rows, counts is None),
        prompts=_as_prompts(prompts, labels, found),
        outside=reasons["not listed"] | reasons["below the top"],
        own=_as_own(own, found),
        names=found.names,
        prompts_known=prompts is not None,
        ordered=counts is None,
    )
    if not used.any() and not record.outside.any():
        raise ValueError(f"chosen has no draw that can be read: {left_out}")

    evidence = Evidence(
        levels=levels,
        rows=found.rows[used],
        energies=found.energies[used],
        ranks=ranks[used],
        top=most,
        groups=_as_groups(labels, used),
        forbidden=left_out.get("forbidden", 0),
        record=record,
        which=np.flatnonzero(used),
    )
    return _read(evidence, left_out, confidence)


def _as_confidence(confidence: Any) -> float:
    """Return the level of an interval, above 0 and below 1."""
    least = float(np.nextafter(0.0, 1.0))
    most = float(np.nextafter(1.0, 0.0))
    return as_number("confidence", confidence, "number between 0 and 1", least, most)


def _as_labels(name: str, labels: ArrayLike | None, shape: tuple[int, ...]) -> IntArray | None:
    """Return one number for each draw, from 0, equal where labels are."""
    if labels is None:
        return None
    given = np.asarray(labels)
    if given.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, one label per draw, got {given.shape}")
    return np.unique(given, return_inverse=True)[1].astype(np.int64)


def _as_groups(labels: IntArray | None, used: NDArray[np.bool_]) -> IntArray | None:
    """Return the groups of the draws used, numbered from 0; None if each is of one draw."""
    if labels is None or not used.any():
        return None
    numbers = renumbered(labels[used])
    if numbers is None:
        raise ValueError("groups has one group only: to tell how groups differ, two are needed")
    return numbers if numbers.max() + 1 < numbers.size else None


def _as_answers(labels: IntArray | None, rows: IntArray, ordered: bool) -> IntArray:
    """Return the answer of each draw: its group; else one for all, if no row is drawn from twice.

    Several draws from one row are no text.
    """
    if labels is not None:
        return labels
    text = ordered and np.bincount(rows).max() <= 1
    return np.zeros(rows.size, dtype=np.int64) if text else np.arange(rows.size)


def _as_own(own: ArrayLike | None, found: Condensed) -> FloatArray:
    """Return the energies that are reported beside the tokens drawn, (n,), nan where none are."""
    if own is None:
        return np.full(found.rows.size, np.nan)
    values = np.asarray(own, dtype=np.float64)
    if values.shape != found.rows.shape:
        raise ValueError(f"own must have shape {found.rows.shape}, got {values.shape}")
    return np.asarray(found.tops[found.rows] - values)


def _as_prompts(prompts: ArrayLike | None, answers: IntArray | None, found: Condensed) -> IntArray:
    """Return the prompt of each draw's answer, numbered from 0, shape (n,)."""
    labels = _as_labels("prompts", prompts, found.rows.shape)
    if labels is not None or answers is None:
        return np.zeros(found.rows.size, dtype=np.int64) if labels is None else labels
    _, first = np.unique(answers, return_index=True)
    beginnings = found.likeliest[found.rows[first]]  # (answers, M)
    return np.unique(beginnings, axis=0, return_inverse=True)[1].reshape(-1)[answers]


def _listed_beside_drawn(
    source: Any, levels: TokenLevels, rows: IntArray, ranks: IntArray
) -> float:
    """Return m if lists hold the m likeliest tokens and, where it is none of these, the one drawn.

    Some are then longer by one than others, and end in the token drawn; else it is inf.
    """
    if hasattr(source, "ndim"):
        return np.inf
    sizes = levels.sizes  # (R,)
    shortest = sizes.min()
    longer = sizes[rows] == shortest + 1  # (n,)
    last_drawn = longer.any() and np.all(ranks[longer] == shortest)
    return float(shortest) if sizes.max() == shortest + 1 and last_drawn else np.inf


def _read(evidence: Evidence, left_out: dict[str, int], confidence: float) -> Reading:
    """Return the reading of some draws."""
    if evidence.draws == 0:
        return _read_nothing(evidence, left_out, confidence)
    whole = evidence
    evidence = evidence.with_cache()  # of passes over the levels, none is made twice
    beta = fit_beta(evidence, evidence.condition_counts)
    errors = errors_of_beta(evidence, beta)
    error = errors.naive if evidence.groups is None else errors.clustered
    by_top, constancy = readings_by_top(evidence, beta)

    return Reading(
        temperature=as_t(beta),
        standard_error=as_error(beta, error),
        interval=_interval(evidence, beta, errors, confidence),
        confidence=confidence,
        naive_error=as_error(beta, errors.naive),
        clustered_error=as_error(beta, errors.clustered),
        draws=evidence.draws,
        left_out=left_out,
        top=evidence.top,
        heat_capacity=errors.heat_capacity,
        goodness_of_fit=_uniformity(evidence, beta),
        by_top=by_top,
        constancy=constancy,
        evidence=whole,
    )


def _read_nothing(evidence: Evidence, left_out: dict[str, int], confidence: float) -> Reading:
    """Return the reading where no draw is in its list: t is hot enough for that, or any."""
    return Reading(
        temperature=np.nan,
        standard_error=np.inf,
        interval=(least_temperature(evidence, 1 - confidence), np.inf),
        confidence=confidence,
        naive_error=np.inf,
        clustered_error=np.nan,
        draws=0,
        left_out=left_out,
        top=evidence.top,
        heat_capacity=0.0,
        goodness_of_fit=1.0,
        by_top=(),
        constancy=1.0,
        evidence=evidence,
    )


def _interval(
    evidence: Evidence, beta: float, errors: BetaErrors, confidence: float
) -> tuple[float, float]:
    """Return the interval of temperatures at which the likelihood is not too far below its peak.

    It may go from cold over hot and infinite temperatures to negative ones.
    """
    error = errors.naive
    drop = float(chdtri(1, 1 - confidence)) / 2
    if evidence.groups is not None:
        error = errors.clustered
        if errors.naive > 0:
            groups = int(evidence.groups.max()) + 1
            quantile = float(stdtrit(groups - 1, (1 + confidence) / 2))
            drop = quantile**2 / 2 * max((errors.clustered / errors.naive) ** 2, 1e-12)

    start = error if np.isfinite(error) else 1.0
    low, high = likelihood_bounds(evidence, evidence.condition_counts, beta, drop, start)
    if np.isinf(high - low) and low < 0 < high:
        return -np.inf, np.inf
    return as_t(high), as_t(low)


def _uniformity(evidence: Evidence, beta: float) -> float:
    """Return the p-value of the draws' transforms being uniform."""
    if not np.isfinite(beta):
        return 1.0
    return kolmogorov_smirnov(evidence.transforms(beta, evidence.condition_counts))
