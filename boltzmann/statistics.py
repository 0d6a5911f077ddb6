r"""Error bars, goodness of fit and distances between distributions.

Counts are compared with probabilities (`goodness_of_fit`) or with other counts (`compare_counts`),
a series in time gets its autocorrelation time and with it an honest error bar (`error_of_mean`),
and two distributions get a distance (`total_variation`, `kullback_leibler`). The statistic G and
the divergence are one quantity: n draws with the frequencies f, compared with p, have G = 2 n
KL(f‖p).
"""

import warnings
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import chdtrc, rel_entr

from boltzmann._core.checks import (
    LARGEST,
    FloatArray,
    as_count,
    as_floats,
    as_number,
    as_positive,
    as_probabilities,
    refuse_first,
)

_WINDOW = 5.0  # Sokal's c: correlations are summed over this many autocorrelation times
_SHORTEST = 50  # a series of fewer autocorrelation times than this does not tell how long they are


class SeriesWarning(UserWarning):
    """A series does not tell its autocorrelation time; the answer is nan.

    See Also
    --------
    FrozenSeriesWarning : A series that never changes.
    ShortSeriesWarning : A series that is too short.
    """


class FrozenSeriesWarning(SeriesWarning):
    """The series never changes.

    See Also
    --------
    autocorrelation_time : How many steps are worth one independent draw.
    """


class ShortSeriesWarning(SeriesWarning):
    """The series is shorter than 50 of its autocorrelation times.

    See Also
    --------
    autocorrelation_time : How many steps are worth one independent draw.
    """


@dataclass(frozen=True)
class GoodnessOfFit:
    """How well counts fit.

    Attributes
    ----------
    statistic : float
        G or Pearson's chi-square, dimensionless; inf where something impossible was counted.
    p_value : float
        The probability of a statistic at least as large if the hypothesis is true.
    degrees_of_freedom : int
        One less than `bins`.
    bins : int
        How many bins are left after pooling.
    groups : (K,) array of int
        The pooled bin, 0 … bins - 1, that each bin went to.

    See Also
    --------
    goodness_of_fit : Counts against probabilities.
    compare_counts : Counts against other counts.
    """

    statistic: float
    p_value: float
    degrees_of_freedom: int
    bins: int
    groups: NDArray[np.intp] = field(repr=False, compare=False)


def goodness_of_fit(
    counts: ArrayLike,
    p: ArrayLike,
    *,
    statistic: Literal["G", "pearson"] = "G",
    minimum: float = 5.0,
) -> GoodnessOfFit:
    r"""Test whether n independent draws, counted in K bins, came from the probabilities `p`.

    .. math::

        G = 2 \sum_i O_i \log(O_i / E_i), \qquad X^2 = \sum_i (O_i - E_i)^2 / E_i,
        \qquad E_i = n p_i

    Both follow chi-square with K - 1 degrees of freedom if every E_i is large [1]_ [2]_. Bins that
    expect few counts are therefore pooled [3]_: from the rarest upwards, bins next to each other in
    `p` share a pooled bin until it expects at least `minimum`, and a remainder joins the last.
    Pooling looks at `p`, never at `counts`, and so does not bias the test. With one bin left there
    is nothing to test, and the p-value is 1.

    A bin adds about 1/(6 E_i) too much to the mean of G, nothing to that of X²: with B bins near E,
    G lies √(B/2)/(6 E) standard deviations too high. Where that matters, as for a vocabulary, ask
    for "pearson" or raise `minimum`.

    The draws must be independent, and `p` not fitted to them. The counts of one correlated chain
    vary more than chi-square allows, so that a true law is rejected far too often. Count many
    independent particles at one time instead, or one step in several autocorrelation times.

    Parameters
    ----------
    counts : (K,) array_like of int
        How often each bin was drawn.
    p : (K,) array_like
        The probability of each bin. A count where p = 0 refutes the law: statistic inf, p-value 0.
    statistic : {"G", "pearson"}
        Which of the two.
    minimum : float
        The least expected count of a pooled bin; at 0 nothing is pooled but the bins of p = 0.

    Returns
    -------
    GoodnessOfFit
        The statistic, its p-value, and how bins were pooled.

    Raises
    ------
    ValueError
        If `counts` are not K whole numbers from 0 to 2**63, `p` are not K probabilities,
        `statistic` is unknown, or `minimum` is negative or not finite.

    See Also
    --------
    compare_counts : Counts against other counts.
    total_variation : Half the sum of absolute differences.
    kullback_leibler : The divergence, in nats.

    References
    ----------
    .. [1] K. Pearson, Phil. Mag. 50, 157 (1900).
    .. [2] S. S. Wilks, Ann. Math. Stat. 9, 60 (1938).
    .. [3] W. G. Cochran, Biometrics 10, 417 (1954).

    Examples
    --------
    >>> fit = goodness_of_fit([18, 55, 27], [0.25, 0.5, 0.25], statistic="pearson")
    >>> round(fit.statistic, 6), round(fit.p_value, 6), fit.degrees_of_freedom
    (2.62, 0.26982, 2)
    """
    observed = _as_counts("counts", counts)
    probabilities = as_probabilities("p", p)
    if probabilities.shape != observed.shape:
        raise ValueError(
            f"p must have the shape of counts, {observed.shape}, got {probabilities.shape}"
        )
    if statistic not in ("G", "pearson"):
        raise ValueError(f'statistic must be "G" or "pearson", got {statistic!r}')

    expected = observed.sum() * (probabilities / probabilities.sum())
    groups = _pool(expected, _as_minimum(minimum))
    if np.any(observed[probabilities == 0] > 0):
        return _goodness(np.inf, groups)

    observed = _pooled(observed, groups)
    expected = _pooled(expected, groups)
    if statistic == "G":
        return _goodness(2 * _divergence(observed, expected).sum(), groups)
    # Without any draw there is 0/0, in the only bin that is left.
    with np.errstate(over="ignore", invalid="ignore"):
        relative = (observed - expected) / expected
        return _goodness((relative * (observed - expected)).sum(), groups)


def compare_counts(first: ArrayLike, second: ArrayLike, *, minimum: float = 5.0) -> GoodnessOfFit:
    r"""Test whether two sets of independent draws came from one law, whatever it is.

    .. math::

        G = 2 \sum_{s,i} O_{si} \log(O_{si} / E_{si}), \qquad
        E_{si} = n_s (O_{1i} + O_{2i}) / (n_1 + n_2)

    which follows chi-square with K - 1 degrees of freedom [1]_. Bins are pooled as in
    `goodness_of_fit`, by the sum of both counts, until each expects at least `minimum` in the
    smaller set; raise it for many bins.

    Parameters
    ----------
    first, second : (K,) array_like of int
        How often each bin was drawn in either set; the two may differ in their number of draws.
    minimum : float
        The least expected count of a pooled bin.

    Returns
    -------
    GoodnessOfFit
        The statistic G, its p-value, and how bins were pooled.

    Raises
    ------
    ValueError
        If the counts are not K whole numbers each, from 0 to 2**63, or `minimum` is negative or not
        finite.

    See Also
    --------
    goodness_of_fit : Counts against probabilities.

    References
    ----------
    .. [1] S. S. Wilks, Ann. Math. Stat. 9, 60 (1938).

    Examples
    --------
    >>> same, other = compare_counts([30, 70], [300, 700]), compare_counts([60, 40], [300, 700])
    >>> same.p_value > 0.999, other.p_value < 1e-8
    (True, True)
    """
    samples = [_as_counts("first", first), _as_counts("second", second)]
    if samples[0].shape != samples[1].shape:
        raise ValueError(
            f"second must have the shape of first, {samples[0].shape}, got {samples[1].shape}"
        )

    both = samples[0] + samples[1]
    shares = [sample.sum() / max(both.sum(), 1.0) for sample in samples]
    groups = _pool(min(shares) * both, _as_minimum(minimum))

    both = _pooled(both, groups)
    terms = [
        _divergence(_pooled(sample, groups), share * both)
        for sample, share in zip(samples, shares, strict=True)
    ]
    return _goodness(2 * np.sum(terms), groups)


def _as_counts(name: str, counts: ArrayLike) -> FloatArray:
    values = as_floats(name, counts)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name} must have shape (K,) with K of at least 1, got {values.shape}")
    whole = (values >= 0) & (values <= 2.0**63) & (values == np.floor(values))
    refuse_first(name, values, ~whole, "a count is a whole number from 0 to 2**63")
    return values


def _as_minimum(minimum: float) -> float:
    return as_number("minimum", minimum, "finite number of at least 0", 0.0, LARGEST)


def _pool(expected: FloatArray, minimum: float) -> NDArray[np.intp]:
    """Return the pooled bin of each bin; one that is full expects `minimum`, and more than 0."""
    groups = np.empty(expected.size, dtype=np.intp)
    group = 0
    filled = 0.0
    full = minimum * (1 - 1e-9)  # n = 100 times p = 0.05 may miss 5 by rounding
    for index in np.argsort(expected, kind="stable"):
        groups[index] = group
        filled += expected[index]
        if filled >= full and filled > 0:
            group += 1
            filled = 0.0
    return np.minimum(groups, max(group - 1, 0))  # a group that never filled joins the one before


def _pooled(values: FloatArray, groups: NDArray[np.intp]) -> FloatArray:
    """Return the sum of each pooled bin."""
    return np.bincount(groups, weights=values).astype(np.float64, copy=False)


def _divergence(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """Return O log(O/E) - (O - E), elementwise: at least 0, and 0 only where O = E.

    Where totals agree the second term adds up to nothing, but it keeps each entry small. `rel_entr`
    keeps the digits of O - E (from SciPy 1.15 on); `kl_div` is the same on paper, and a multiple of
    1/8 at O = 1e15.
    """
    divergence: FloatArray = rel_entr(observed, expected) - (observed - expected)
    return np.maximum(divergence, 0.0)


def _goodness(statistic: float, groups: NDArray[np.intp]) -> GoodnessOfFit:
    bins = int(groups.max()) + 1
    if statistic == np.inf:
        return GoodnessOfFit(np.inf, 0.0, bins - 1, bins, groups)
    if bins == 1:
        return GoodnessOfFit(0.0, 1.0, 0, 1, groups)
    return GoodnessOfFit(
        float(statistic), float(chdtrc(bins - 1, statistic)), bins - 1, bins, groups
    )


def autocorrelation(series: ArrayLike) -> FloatArray:
    r"""Return the normalised autocorrelation of a series at every lag.

    .. math::

        \rho_s = C_s / C_0, \qquad
        C_s = \frac{1}{n} \sum_{i=1}^{n-s} (x_i - \bar x)(x_{i+s} - \bar x)

    by fast Fourier transform [1]_. Several chains share one mean and one C_s, the average of
    theirs, so that chains stuck far apart show as a correlation that does not decay.

    Parameters
    ----------
    series : (n,) or (n, chains) array_like
        One measurement per step, in any unit; several chains of one process in columns.

    Returns
    -------
    (n,) array
        Lags 0 … n - 1, dimensionless, 1 at lag 0; nan with a `FrozenSeriesWarning` if the series
        never changes.

    Raises
    ------
    ValueError
        If `series` has another shape, no entry, or one that is not finite.

    See Also
    --------
    autocorrelation_time : How many steps are worth one independent draw.

    References
    ----------
    .. [1] A. Sokal, in Functional Integration: Basics and Applications, p. 131, Springer (1997),
       sec. 3.

    Examples
    --------
    >>> autocorrelation([1, -1, 1, -1])
    array([ 1.  , -0.75,  0.5 , -0.25])
    """
    return _autocorrelation(_as_series(series))


def autocorrelation_time(series: ArrayLike, c: float = _WINDOW) -> float:
    r"""Return the integrated autocorrelation time of a series, in steps.

    .. math:: \tau = \sum_{s=-\infty}^{\infty} \rho_s = 1 + 2 \sum_{s \ge 1} \rho_s

    n steps tell the mean as well as n/tau independent draws; independent draws have tau = 1 [2]_.
    (Sokal's own tau_int is half of this.) Far lags hold only noise, so the sum stops at Sokal's
    self-consistent window [1]_, the first lag M of at least c·tau(M); tau is then uncertain by
    about √(2(2M + 1)/(n·chains)) of itself.

    A chain that jumps back and forth has tau < 1. Its correlations alternate, and die out over
    1/tau steps rather than tau: the window is therefore at least c/tau(M) too, and the lag M itself
    counts half. So cut, an eigenvalue λ of the chain adds (1 + λ)/(1 - λ)·(1 - λ^M) to tau, of
    which only λ^M depends on the window.

    Parameters
    ----------
    series : (n,) or (n, chains) array_like
        One measurement per step, in any unit; several chains of one process in columns.
    c : float
        How many autocorrelation times the window spans.

    Returns
    -------
    float
        tau, in steps; nan with a `FrozenSeriesWarning` if the series never changes, and with a
        `ShortSeriesWarning` if n is below 50 tau or 50/tau. What n steps are too few to see, no
        estimate knows: of series 10 tau long, 3 % still give a number, a fifth of tau.

    Raises
    ------
    ValueError
        If `series` has another shape, no entry, or one that is not finite, or `c` is not positive
        and finite.

    See Also
    --------
    autocorrelation : The correlation at each lag.
    effective_sample_size : How many independent draws a series is worth.
    error_of_mean : The standard error of a correlated series' mean.

    References
    ----------
    .. [1] A. Sokal, in Functional Integration: Basics and Applications, p. 131, Springer (1997),
       sec. 3.
    .. [2] J. Goodman and J. Weare, Commun. Appl. Math. Comput. Sci. 5, 65 (2010).

    Examples
    --------
    >>> draws = np.random.default_rng(0).standard_normal(100_000)
    >>> round(autocorrelation_time(draws)), round(autocorrelation_time(np.repeat(draws, 4)))
    (1, 4)
    """
    window = as_positive("c", c)
    return _autocorrelation_time(_as_series(series), window)


def effective_sample_size(series: ArrayLike) -> float:
    r"""Return how many independent draws would tell the mean as well as the series does.

    .. math:: n_\mathrm{eff} = n / \tau

    Parameters
    ----------
    series : (n,) or (n, chains) array_like
        One measurement per step, in any unit; of several chains, all steps count.

    Returns
    -------
    float
        Dimensionless, above n if tau < 1; nan with a warning where `autocorrelation_time` is.

    Raises
    ------
    ValueError
        If `series` has another shape, no entry, or one that is not finite.

    See Also
    --------
    autocorrelation_time : How many steps are worth one independent draw.
    error_of_mean : The standard error of a correlated series' mean.

    References
    ----------
    .. [1] J. Goodman and J. Weare, Commun. Appl. Math. Comput. Sci. 5, 65 (2010).

    Examples
    --------
    >>> draws = np.random.default_rng(0).standard_normal(100_000)
    >>> round(effective_sample_size(np.repeat(draws, 4)), -4)
    100000.0
    """
    values = _as_series(series)
    return values.size / _autocorrelation_time(values, _WINDOW)


def error_of_mean(series: ArrayLike) -> float:
    r"""Return the standard error of the mean of a correlated series.

    .. math::

        \sigma_{\bar x} = \sqrt{s^2 \tau / n}, \qquad
        s^2 = \frac{1}{n - \tau} \sum_i (x_i - \bar x)^2

    The mean follows the noise of the series and takes tau off the sum of squares, where independent
    draws take 1: hence n - tau. The error bar is itself uncertain by about √(5 tau/n): a fifth at n
    = 100 tau, where it is 5 % short on average too, as every lag of the window misses the noise of
    the mean; 7 % and 0.5 % at 1000 tau.

    Parameters
    ----------
    series : (n,) or (n, chains) array_like
        One measurement per step, in any unit; of several chains, all steps count.

    Returns
    -------
    float
        In the unit of `series`; nan with a warning where `autocorrelation_time` is.

    Raises
    ------
    ValueError
        If `series` has another shape, no entry, or one that is not finite.

    See Also
    --------
    autocorrelation_time : How many steps are worth one independent draw.
    pulls : Deviations in units of their errors.

    References
    ----------
    .. [1] A. Sokal, in Functional Integration: Basics and Applications, p. 131, Springer (1997),
       sec. 3.

    Examples
    --------
    >>> draws = np.random.default_rng(0).standard_normal(10_000)
    >>> round(error_of_mean(draws), 3), round(error_of_mean(np.repeat(draws, 4)), 3)
    (0.01, 0.01)
    """
    values = _as_series(series)
    tau = _autocorrelation_time(values, _WINDOW)
    if np.isnan(tau):
        return np.nan
    scale = np.abs(values).max()
    return float(scale * np.std(values / scale, ddof=tau) * np.sqrt(tau / values.size))


def _as_series(series: ArrayLike) -> FloatArray:
    """Return the series as (n, chains); warn the caller of the public function if it is frozen."""
    values = as_floats("series", series)
    if values.ndim not in (1, 2) or values.size == 0:
        raise ValueError(
            f"series must have shape (n,) or (n, chains) and an entry, got {values.shape}"
        )
    refuse_first("series", values, np.isinf(values), "every entry must be finite")
    if np.all(values == values.flat[0]):
        message = (
            f"every entry of series is {values.flat[0]}: a series that never changes has no "
            "autocorrelation time"
        )
        warnings.warn(message, FrozenSeriesWarning, stacklevel=3)
    return values.reshape(len(values), -1)


def _autocorrelation(series: FloatArray) -> FloatArray:
    """Return the autocorrelation at lags 0 … n - 1, nan for a frozen series."""
    scale = np.abs(series).max() or 1.0  # squares of 1e308 would overflow
    shifted = series / scale - series[0, 0] / scale  # exactly 0 for a frozen series
    # Twice as long, or the end would meet the beginning.
    length = next_fast_len(2 * len(series), real=True)
    transform = rfft(shifted - shifted.mean(), length, axis=0)
    covariance = irfft((np.abs(transform) ** 2).sum(axis=1), length)[: len(series)]
    with np.errstate(invalid="ignore"):
        return np.asarray(covariance / covariance[0])


def _autocorrelation_time(series: FloatArray, c: float) -> float:
    """Return tau, or nan; warn the caller of the public function if the series is too short."""
    rho = _autocorrelation(series)
    if np.isnan(rho[0]):
        return np.nan

    n = len(series)
    tau = 2 * np.cumsum(rho) - 1 - rho  # for each window M, with the lags ±M counted half
    memory = np.maximum(tau, np.divide(1.0, tau, out=np.full(n, np.inf), where=tau > 0))
    closed = np.flatnonzero(np.arange(n) >= c * memory)
    if closed.size == 0 or n < _SHORTEST * memory[closed[0]]:
        message = (
            f"{n} steps are fewer than {_SHORTEST} autocorrelation times: too few to estimate one"
        )
        warnings.warn(message, ShortSeriesWarning, stacklevel=3)
        return np.nan
    return float(tau[closed[0]])


def pulls(measured: ArrayLike, expected: ArrayLike, error: ArrayLike) -> FloatArray:
    r"""Return how many standard errors each measurement lies from what was expected.

    .. math:: z = (x - \mu) / \sigma

    Honest error bars make pulls standard normal. Where the error is 0, exact agreement is a pull of
    0 and anything else one of ±inf.

    Parameters
    ----------
    measured, expected, error : array_like
        Of any shapes that broadcast, in one unit; each error at least 0 and finite.

    Returns
    -------
    array
        Of the broadcast shape, dimensionless.

    Raises
    ------
    ValueError
        If an entry is nan, an error is negative or infinite, or the shapes do not broadcast.

    See Also
    --------
    goodness_of_fit : Counts against probabilities.
    error_of_mean : The standard error of a correlated series' mean.

    References
    ----------
    .. [1] L. Demortier and L. Lyons, Everything you always wanted to know about pulls, CDF note
       5776 (2002).

    Examples
    --------
    >>> pulls([1.2, 0.5, 0.5], [1.0, 0.5, 0.4], [0.1, 0.0, 0.0])
    array([ 2.,  0., inf])
    """
    x = as_floats("measured", measured)
    mu = as_floats("expected", expected)
    sigma = as_floats("error", error)
    wrong = ~((sigma >= 0) & (sigma < np.inf))
    refuse_first("error", sigma, wrong, "an error bar is at least 0 and finite")
    _refuse_unlike(measured=x, expected=mu, error=sigma)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(x == mu, 0.0, (x - mu) / sigma)[()]


def total_variation(p: ArrayLike, q: ArrayLike) -> FloatArray:
    r"""Return the total variation distance of two laws.

    .. math:: \mathrm{TV} = \frac{1}{2} \sum_i |p_i - q_i|

    It lies between 0 and 1, and is the most by which the two can differ on the probability of an
    event [1]_.

    Parameters
    ----------
    p, q : (..., K) array_like
        Probabilities, summing to 1 along the last axis; the leading axes broadcast.

    Returns
    -------
    (...) array
        Dimensionless.

    Raises
    ------
    ValueError
        If `p` or `q` are no probabilities, or their shapes do not agree.

    See Also
    --------
    kullback_leibler : The divergence, in nats.

    References
    ----------
    .. [1] D. A. Levin and Y. Peres, Markov Chains and Mixing Times, 2nd ed., ch. 4, AMS (2017).

    Examples
    --------
    >>> float(total_variation([0.5, 0.5, 0.0], [0.25, 0.5, 0.25]))
    0.25
    """
    first, second = _as_laws(p, q)
    distance: FloatArray = 0.5 * np.abs(first - second).sum(axis=-1)
    return np.minimum(distance, 1.0)


def kullback_leibler(p: ArrayLike, q: ArrayLike) -> FloatArray:
    r"""Return the Kullback-Leibler divergence of `q` from `p`, in nats.

    .. math:: \mathrm{KL}(p \| q) = \sum_i p_i \log(p_i / q_i)

    It is what a draw from `p` tells against `q` on average [1]_: never negative, 0 only between
    equal laws, +inf where `p` allows what `q` forbids.

    Parameters
    ----------
    p, q : (..., K) array_like
        Probabilities, summing to 1 along the last axis; the leading axes broadcast.

    Returns
    -------
    (...) array
        In nats.

    Raises
    ------
    ValueError
        If `p` or `q` are no probabilities, or their shapes do not agree.

    See Also
    --------
    kullback_leibler_floor : The divergence that sampling alone makes.
    total_variation : Half the sum of absolute differences.

    References
    ----------
    .. [1] S. Kullback and R. A. Leibler, Ann. Math. Stat. 22, 79 (1951).

    Examples
    --------
    >>> float(kullback_leibler([1.0, 0.0], [0.25, 0.75]))  # log 4
    1.3862943611198906
    >>> float(kullback_leibler([0.25, 0.75], [1.0, 0.0]))
    inf
    """
    divergence: FloatArray = _divergence(*_as_laws(p, q)).sum(axis=-1)
    return divergence


def kullback_leibler_floor(bins: int, draws: int) -> float:
    r"""Return the mean divergence of the frequencies of draws from their own distribution, in nats.

    .. math:: \langle \mathrm{KL}(f \| p) \rangle = (K - 1) / (2n)

    on average and to first order in 1/n [2]_, whatever the law: 2 n KL is G, which follows
    chi-square with K - 1 degrees of freedom [1]_. The standard deviation is √(2(K - 1))/(2n).

    Parameters
    ----------
    bins : int
        K, the number of outcomes of p > 0.
    draws : int
        n, the number of independent draws.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ValueError
        If `bins` or `draws` is no whole number of at least 1.

    See Also
    --------
    kullback_leibler : The divergence, in nats.

    References
    ----------
    .. [1] S. S. Wilks, Ann. Math. Stat. 9, 60 (1938).
    .. [2] G. A. Miller, in Information Theory in Psychology, p. 95, Free Press (1955).

    Examples
    --------
    >>> kullback_leibler_floor(bins=5, draws=1000)
    0.002
    """
    return (as_count("bins", bins) - 1) / (2 * as_count("draws", draws))


def _as_laws(p: ArrayLike, q: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two laws that sum to 1 as closely as floats can."""
    first = as_probabilities("p", p)
    second = as_probabilities("q", q)
    if first.shape[-1] != second.shape[-1]:
        raise ValueError(
            f"q must have as many entries as p, {first.shape[-1]}, got {second.shape[-1]}"
        )
    _refuse_unlike(p=first, q=second)
    return first / first.sum(axis=-1, keepdims=True), second / second.sum(axis=-1, keepdims=True)


def _refuse_unlike(**arrays: FloatArray) -> None:
    """Raise a ValueError if the shapes do not broadcast."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes must broadcast, got {shapes}") from None
