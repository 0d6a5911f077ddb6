"""Signs that certain tokens come too often or too seldom."""

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.signs.score import Score, Sign, score_of_draws, score_of_rows, tail
from boltzmann.thermometer.token_levels import IntArray

OFTEN = 0.1  # the probability at t = 1 from which exclusion of top choices counts a token
_LEAST_EXPECTED = 0.05  # draws expected of a token below which it is not looked at
_NEVER = 1e-3  # the p-value below which a token counts as one that never comes
_ALWAYS = 0.99  # of the draws reported by number, to be called so


def drawn_before(hypothesis: Hypothesis) -> Sign:
    """Tell whether tokens that came before in the answer come too often or too seldom."""
    seen = hypothesis.evidence.drawn_before
    if not seen.any():
        return Sign("drawn before", 1.0)
    score = score_of_draws(hypothesis, seen.astype(np.float64))
    words = f"tokens that were drawn before in the answer come too {_how_often(score)}"
    return Sign("drawn before", score.p_value, score.z, words)


def _how_often(score: Score) -> str:
    return "often" if score.total > 0 else "seldom"


def probabilities_at_1(evidence: Evidence, ranks: slice = slice(None)) -> FloatArray:
    """Return those of the M likeliest tokens, or of some ranks, at t = 1, of all tokens: (R, M)."""
    return np.exp(-evidence.record.gaps[:, ranks] - evidence.log_whole[:, None])


def _likeliest(hypothesis: Hypothesis, rows: NDArray[np.bool_]) -> Score:
    """Return the score of drawing the likeliest token, of some rows (R,)."""
    values = np.zeros_like(hypothesis.evidence.record.gaps)  # (R, M)
    values[rows, 0] = 1.0
    return score_of_rows(hypothesis, values)


def _with_two_likely(evidence: Evidence) -> NDArray[np.bool_]:
    """Return whether two tokens of a row are likely at t = 1, shape (R,)."""
    second = probabilities_at_1(evidence, slice(1, 2))  # (R, 1), or (R, 0) where there is none
    return np.asarray((second >= OFTEN).any(axis=1))


def likeliest_of_two(hypothesis: Hypothesis) -> Sign:
    """Tell whether draws avoid or prefer the likeliest token where a second is likely as well."""
    score = _likeliest(hypothesis, _with_two_likely(hypothesis.evidence))
    verb = "prefer" if score.total > 0 else "avoid"
    words = f"draws {verb} the likeliest token where two have p ≥ {OFTEN}"
    return Sign("likeliest of two", score.p_value, score.z, words)


def likeliest_alone(hypothesis: Hypothesis) -> Sign:
    """Tell whether draws avoid or prefer the likeliest token where no second is likely."""
    score = _likeliest(hypothesis, ~_with_two_likely(hypothesis.evidence))
    verb = "prefer" if score.total > 0 else "avoid"
    words = f"draws {verb} the likeliest token where no second has p ≥ {OFTEN}"
    return Sign("likeliest alone", score.p_value, score.z, words)


class TokenCounts:
    """How often each token came that is among the likeliest of its row, and was expected to.

    Attributes
    ----------
    tokens : (K,) array of int
        The tokens of which enough draws were expected to tell.
    observed, expected, variance : (K,) array
        Their draws.
    p_values : (K,) array
        Of each by itself. Of a token that never came it may be the probability of that.
    """

    def __init__(self, hypothesis: Hypothesis) -> None:
        record = hypothesis.evidence.record
        tokens = record.tokens[hypothesis.cell_rows]  # (c, M)
        q = np.minimum(hypothesis.probabilities, 1 - 1e-12)
        q = np.where(tokens >= 0, q, 0.0)
        draws = hypothesis.cell_draws[:, None]  # (c, 1)
        size = int(record.tokens.max()) + 1

        def by_token(values: FloatArray) -> FloatArray:
            flat = np.maximum(tokens, 0).ravel()
            sums = np.bincount(flat, weights=(draws * values).ravel(), minlength=size)
            return sums.astype(np.float64)

        expected = by_token(q)
        variance = by_token(q * (1 - q))
        if hypothesis.free_temperature and hypothesis.information > 0:
            above = hypothesis.finite_gaps[hypothesis.cell_rows] - hypothesis.mean_energy[:, None]
            variance = variance - by_token(q * above) ** 2 / hypothesis.information
        position, inside = hypothesis.positions
        drawn = record.tokens[hypothesis.evidence.rows, position][inside]
        observed = np.bincount(drawn, minlength=size).astype(np.float64)

        self.tokens: IntArray = np.flatnonzero(expected >= _LEAST_EXPECTED)
        self.observed = observed[self.tokens]
        self.expected = expected[self.tokens]
        self.variance = variance[self.tokens]
        differences = self.observed - self.expected
        pairs = zip(differences.tolist(), self.variance.tolist(), strict=True)
        p_values = np.array([tail(total, variance, 1.0) for total, variance in pairs])
        absent = np.exp(by_token(np.log1p(-q))[self.tokens])  # the probability of no draw
        self.p_values: FloatArray = np.where(
            self.never_drawn, np.minimum(absent, p_values), p_values
        )

    @property
    def never_drawn(self) -> NDArray[np.bool_]:
        """Which of these tokens never came, shape (K,)."""
        return np.asarray(self.observed == 0)

    @property
    def most_unlikely(self) -> int:
        """The position among these of the one that is hardest to explain."""
        return int(self.p_values.argmin())

    @property
    def missing(self) -> IntArray:
        """Those of which it is too improbable that they never came, the likeliest first."""
        found = self.never_drawn & (self.p_values * self.tokens.size < _NEVER)
        return self.tokens[found][np.argsort(-self.expected[found])]


def single_tokens(hypothesis: Hypothesis) -> Sign:
    """Compare the draws of each token with what is expected (Bonferroni over the tokens)."""
    counts = TokenCounts(hypothesis)
    if counts.tokens.size == 0:
        return Sign("single tokens", 1.0)
    record = hypothesis.evidence.record
    worst = counts.most_unlikely
    observed, expected = counts.observed[worst], counts.expected[worst]
    missing = counts.missing
    if missing.size > 1:
        some = ", ".join(record.name(token) for token in missing[:3])
        words = f"{missing.size} tokens of high probability never come, such as {some}"
    else:
        name = record.name(counts.tokens[worst])
        words = f"token {name} came {observed:.0f} times, {expected:.3g} expected"
    z = (observed - expected) / np.sqrt(max(counts.variance[worst], 1e-300))
    p_value = min(1.0, counts.tokens.size * counts.p_values[worst])
    return Sign("single tokens", float(p_value), float(z), words)


def first_by_number(hypothesis: Hypothesis) -> Sign:
    """Tell whether the token reported is always the one of the lowest number among the j likeliest.

    A server that reports the first of an unsorted list does so, whatever was drawn. Rows whose
    likeliest token has the lowest number tell nothing of that, and are left out.
    """
    record = hypothesis.evidence.record
    rows = hypothesis.evidence.rows
    position, inside = hypothesis.positions
    mine = np.where(inside, position, -1)  # (n,)
    tokens = np.where(record.tokens < 0, np.iinfo(np.int64).max, record.tokens)  # (R, M)
    most = tokens.shape[1]
    least = tokens[:, 0].copy()  # (R,), of the j likeliest
    place = np.zeros(least.size, dtype=np.int64)  # (R,), where that is
    best, length = 0.0, 0
    for j in range(2, most + 1):
        place[tokens[:, j - 1] < least] = j - 1
        np.minimum(least, tokens[:, j - 1], out=least)
        lowest = place[rows]  # (n,)
        telling = lowest > 0
        if np.mean(mine == lowest) > _ALWAYS and telling.any():
            own = hypothesis.probabilities[hypothesis.cells[telling], lowest[telling]]
            surprise = -float(np.log(np.clip(own, 1e-300, 1.0)).sum())
            if surprise > best:
                best, length = surprise, j
    words = (
        f"the token reported is always the one of the lowest number among the {length} likeliest: "
        "it is not the one drawn"
    )
    return Sign("first by number", float(min(1.0, most * np.exp(-best))), np.nan, words)
