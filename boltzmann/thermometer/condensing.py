"""Rows of log-probabilities condensed to energy levels, with the draws among them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray
from boltzmann._core.threads import Pool, available_processors
from boltzmann.thermometer.draw_record import LIKELIEST
from boltzmann.thermometer.inputs import WITHHELD, Block, as_draws
from boltzmann.thermometer.kernels import HEAD, LEVELS, gather_levels, rank_draws
from boltzmann.thermometer.token_levels import IntArray, TokenLevels

_SHARE = 2**18  # numbers for which a thread of its own pays
_MANY = 16  # draws of a row for which it pays to sort it


class Condensed(NamedTuple):
    """Levels, and of each draw its row, energy, rank and position in the row, (n,) each.

    The position of a draw whose token was withheld is -1, of one whose token is not in its row -2;
    their energies and ranks mean nothing. `tokens` are those drawn, (n,), `likeliest` the M
    likeliest of each row and `gaps` their energies, (R, M) each; see `DrawRecord`. `tops` are the
    largest log-probabilities, (R,).
    """

    levels: TokenLevels
    rows: IntArray
    energies: FloatArray
    ranks: IntArray
    positions: IntArray
    tokens: IntArray
    likeliest: IntArray
    gaps: FloatArray
    tops: FloatArray
    names: Sequence[Any] | None


def condense(source: Any, chosen: Any, rows: Any, normalised: ArrayLike | None) -> Condensed:
    """Return the levels of rows and the draws among them; the arguments are those of `read`."""
    blocks, tokens, of_row, names = as_draws(source, chosen, rows)
    parts = []
    energies = np.zeros(of_row.size)
    ranks = np.zeros(of_row.size, dtype=np.int64)
    positions = np.empty(of_row.size, dtype=np.int64)

    # Draws in the order of their rows, so that those of a block lie side by side.
    order = np.argsort(of_row, kind="stable")
    ordered = of_row[order]
    first = 0  # row of the block
    for block in blocks:
        count = block.starts.size - 1
        mine = order[np.searchsorted(ordered, first) : np.searchsorted(ordered, first + count)]
        local = of_row[mine] - first
        if block.positions is None:
            positions[mine] = _positions(tokens, mine, np.diff(block.starts)[local])
        else:
            positions[mine] = block.positions[mine]

        part = _levels(block, first)
        parts.append(part)
        there = positions[mine] >= 0
        drawn = mine[there]
        energies[drawn], ranks[drawn] = _rank(block, part.tops, local[there], positions[drawn])
        first += count
    if of_row.size and (of_row.min() < 0 or of_row.max() >= first):
        raise ValueError(f"logits has {first} rows, but chosen asks for row {of_row.max()}")

    all_rows = _joined(parts)
    widest = max(1, int(np.any(all_rows.gaps < np.inf, axis=0).sum()))
    known = () if normalised is None else _whole(normalised, all_rows.tops)
    starts = np.concatenate([[0], np.cumsum(all_rows.sizes)]).astype(np.int64)
    levels = TokenLevels(starts, all_rows.energies, all_rows.counts, *known)
    return Condensed(
        levels=levels,
        rows=of_row,
        energies=energies,
        ranks=ranks,
        positions=positions,
        tokens=tokens,
        likeliest=all_rows.likeliest[:, :widest],
        gaps=all_rows.gaps[:, :widest],
        tops=all_rows.tops,
        names=names,
    )


class _Rows(NamedTuple):
    """Some rows: the largest value of each, how many levels it has, these, and its likeliest."""

    tops: FloatArray  # (R,)
    sizes: IntArray  # (R,)
    energies: FloatArray  # (L,)
    counts: FloatArray  # (L,)
    likeliest: IntArray  # (R, M)
    gaps: FloatArray  # (R, M)


def _joined(parts: list[_Rows]) -> _Rows:
    """Return the rows of all parts, one after another."""
    if len(parts) == 1:
        return parts[0]
    widest = max(part.gaps.shape[1] for part in parts)
    parts = [_widened(part, widest) for part in parts]
    return _Rows(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _widened(part: _Rows, widest: int) -> _Rows:
    """Return the rows with room for so many likeliest tokens."""
    rows, width = part.gaps.shape
    if width == widest:
        return part
    likeliest = np.full((rows, widest), -1)
    gaps = np.full((rows, widest), np.inf)
    likeliest[:, :width] = part.likeliest
    gaps[:, :width] = part.gaps
    return part._replace(likeliest=likeliest, gaps=gaps)


def _whole(normalised: ArrayLike, tops: FloatArray) -> tuple[float, FloatArray]:
    """Return the β at which rows are log-probabilities, and log Z of all tokens there, (R,).

    Energies are counted from each row's lowest level; `tops` are the largest log-probabilities.
    """
    at = np.asarray(normalised, dtype=np.float64)
    known = np.unique(at[~np.isnan(at)])
    shaped = at.shape in ((), tops.shape)
    if not shaped or known.size > 1 or not np.all((known > 0) & (known < np.inf)):
        raise ValueError(
            f"normalised must be one positive number, or {tops.size} of which some are nan, "
            f"got {normalised!r}"
        )
    beta = 1 / known[0] if known.size else 1.0
    return beta, np.where(np.isnan(at), np.nan, -beta * tops)


def _positions(tokens: IntArray, mine: IntArray, sizes: IntArray) -> IntArray:
    """Return where in their rows the tokens of some draws stand, checked."""
    positions = tokens[mine]
    wrong = (positions < WITHHELD) | (positions >= sizes)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"chosen[{mine[k]}] is {positions[k]}: a token is from 0 to {sizes[k] - 1}, or -1"
        )
    return positions


def _levels(block: Block, first: int) -> _Rows:
    """Return the levels and the likeliest tokens of the rows of a block."""
    values = block.values
    starts = block.starts
    shares = max(1, min(available_processors(), values.size // _SHARE))
    edges = np.linspace(0, starts.size - 1, shares + 1).astype(int)

    # No row has more likeliest tokens than tokens; where rows are joined, narrower ones widen.
    widest = min(LIKELIEST, int(np.diff(starts).max(initial=1)))

    def work(share: int) -> _Rows:
        mine = starts[edges[share] : edges[share + 1] + 1]
        rows = mine.size - 1
        most = int(np.minimum(np.diff(mine), HEAD + LEVELS).sum())
        tops = np.empty(rows)
        energies = np.empty(most)
        counts = np.empty(most)
        ends = np.zeros(mine.size, dtype=np.int64)
        places = np.empty((rows, widest), dtype=np.int64)
        gaps = np.empty((rows, widest))
        flawed = gather_levels(values, mine, tops, energies, counts, ends[1:], places, gaps)
        if flawed >= 0:
            _refuse(values[mine[flawed] : mine[flawed + 1]], first + edges[share] + flawed)
        size = int(ends[-1])
        if size < most:  # what is not filled is given back
            energies = energies[:size].copy()
            counts = counts[:size].copy()
        likeliest = _named(block, mine, places)
        return _Rows(tops, np.diff(ends), energies, counts, likeliest, gaps)

    with Pool(shares) as pool:
        return _joined(pool.map(work, shares))


def _named(block: Block, starts: IntArray, places: IntArray) -> IntArray:
    """Return the tokens at these places of some rows, (R, M) each, -1 where there is none."""
    if block.tokens is None:
        return places
    named = block.tokens[np.maximum(places, 0) + starts[:-1, None]]  # (R, M)
    return np.where(places < 0, -1, named)


def _refuse(row: NDArray[Any], index: int) -> None:
    """Raise a ValueError that says what is wrong with a row."""
    wrong = ~(row < np.inf)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ValueError(
            f"logits[{index}, {place}] is {row[place]}: a log-probability is a number below +inf"
        )
    raise ValueError(f"logits[{index}] is -inf throughout: at least one token must be allowed")


def _rank(
    block: Block, tops: FloatArray, rows: IntArray, positions: IntArray
) -> tuple[FloatArray, IntArray]:
    """Return the energy and the rank of each draw."""
    values = block.values
    starts = block.starts
    energies = np.empty(rows.size)
    ranks = np.empty(rows.size, dtype=np.int64)
    if rows.size < _MANY * starts.size:
        rank_draws(values, starts, tops, rows, positions, energies, ranks)
        return energies, ranks

    for r in np.unique(rows):
        row = values[starts[r] : starts[r + 1]].astype(np.float64)
        place = np.empty(row.size, dtype=np.int64)  # of each token, the likeliest first
        place[np.argsort(-row, kind="stable")] = np.arange(row.size)
        mine = np.flatnonzero(rows == r)
        energies[mine] = tops[r] - row[positions[mine]]
        ranks[mine] = place[positions[mine]]
    return energies, ranks
