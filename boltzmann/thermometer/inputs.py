"""Every form in which log-probabilities come, read once and condensed to levels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray
from boltzmann._core.threads import Pool, available_processors
from boltzmann.thermometer.kernels import HEAD, LEVELS, gather_levels, rank_draws
from boltzmann.thermometer.token_levels import IntArray, TokenLevels

WITHHELD, ABSENT = -1, -2  # in place of a position
_BLOCK = 2**23  # numbers that are read at once: 64 MB at most
Block = tuple[
    NDArray[Any], IntArray, IntArray | None
]  # values, where rows start, positions if found already


def condense(
    source: Any, chosen: Any, rows: Any, normalised: ArrayLike | None
) -> tuple[TokenLevels, IntArray, FloatArray, IntArray, IntArray]:
    """Return the levels offered, and of each draw its row, energy, rank and position.

    The position of a draw whose token was withheld is -1, of one whose token was not offered -2;
    their energies and ranks mean nothing.
    """
    blocks, tokens, of_row = _blocks(source, chosen, rows)
    parts, grounds, energies, ranks = (
        [],
        [],
        np.zeros(of_row.size),
        np.zeros(of_row.size, dtype=np.int64),
    )
    places = np.empty(of_row.size, dtype=np.int64)
    order = np.argsort(of_row, kind="stable")
    ordered = of_row[order]
    first = 0
    for values, starts, found in blocks:
        count = starts.size - 1
        mine = order[np.searchsorted(ordered, first) : np.searchsorted(ordered, first + count)]
        local = of_row[mine] - first
        if found is None:
            places[mine] = _positions(tokens, mine, np.diff(starts)[local])
        else:
            places[mine] = found[mine]
        tops, levels = _levels(values, starts, first)
        parts.append(levels)
        grounds.append(tops)
        there = places[mine] >= 0
        energies[mine[there]], ranks[mine[there]] = _rank(
            values, starts, tops, local[there], places[mine[there]]
        )
        first += count
    if of_row.size and (of_row.min() < 0 or of_row.max() >= first):
        raise ValueError(f"logits has {first} rows, but chosen asks for row {of_row.max()}")
    sizes = np.concatenate([part[0] for part in parts])
    offers = TokenLevels(
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        *(() if normalised is None else _whole(normalised, np.concatenate(grounds))),
    )
    return offers, of_row, energies, ranks, places


def _whole(normalised: ArrayLike, grounds: FloatArray) -> tuple[float, FloatArray]:
    """Return the β at which rows are log-probabilities, and log Z of their vocabulary there, from its ground."""
    at = np.asarray(normalised, dtype=np.float64)
    told = np.unique(at[~np.isnan(at)])
    if (
        at.shape not in ((), grounds.shape)
        or told.size > 1
        or not np.all((told > 0) & (told < np.inf))
    ):
        raise ValueError(
            f"normalised must be one positive number, or {grounds.size} of which some are nan, got {normalised!r}"
        )
    beta = 1 / told[0] if told.size else 1.0
    return beta, np.where(np.isnan(at), np.nan, -beta * grounds)


def _blocks(source: Any, chosen: Any, rows: Any) -> tuple[Iterator[Block], Any, IntArray]:
    """Return the blocks of rows, the tokens chosen, and the row of each draw."""
    if isinstance(source, tuple) and [getattr(part, "ndim", 0) for part in source] == [2, 2]:
        tokens, logprobs = source
        if tokens.dtype.kind != "f" and tokens.shape == logprobs.shape:  # not two batches
            of_row = _as_rows(rows, len(chosen), len(tokens))
            return iter([_tables(np.asarray(tokens), logprobs, chosen, of_row)]), chosen, of_row
    if hasattr(source, "ndim") and hasattr(source, "dtype"):
        return _dense(source, chosen, rows)
    if not isinstance(source, Iterable) or isinstance(source, str | bytes | Mapping):
        raise ValueError(f"logits must be an array, batches of arrays or lists, got {source!r}")
    iterator = iter(source)
    try:
        head = next(iterator)
    except StopIteration:
        raise ValueError("logits is empty: at least one row is needed") from None
    if getattr(head, "ndim", 1) == 2:
        tokens = _as_tokens(chosen)
        return _batches(chain([head], iterator)), tokens, _as_rows(rows, tokens.size)
    table = [head, *iterator]
    if isinstance(head, int | float | np.number):  # one plain list: a single row
        return _dense(np.asarray(table), chosen, rows)
    of_row = _as_rows(rows, len(chosen), len(table))
    if isinstance(head, Mapping):
        return iter([_mappings(table, chosen, of_row)]), chosen, of_row
    if isinstance(head, tuple) and len(head) == 2 and hasattr(head[0], "__len__"):
        return iter([_pairs(table, chosen, of_row)]), chosen, of_row
    return iter([(*_flatten(table), None)]), _as_tokens(chosen), of_row


def _as_tokens(chosen: Any) -> IntArray:
    """Return the tokens chosen, -1 for None."""
    if not isinstance(chosen, np.ndarray):
        chosen = [WITHHELD if token is None else token for token in chosen]
    tokens = np.asarray(chosen)
    if tokens.ndim != 1 or tokens.size == 0 or tokens.dtype.kind not in "iu":
        raise ValueError(f"chosen must be (n,) whole numbers with n of at least 1, got {chosen!r}")
    return tokens.astype(np.int64)


def _as_rows(rows: Any, draws: int, available: int | None = None) -> IntArray:
    """Return the row of each draw: the draw's own, unless told otherwise."""
    if rows is None:
        if available not in (None, draws):
            raise ValueError(
                f"chosen has {draws} draws, logits {available} rows: one row per draw is needed"
            )
        return np.arange(draws)
    index = np.asarray(rows)
    if index.shape != (draws,) or index.dtype.kind not in "iu":
        raise ValueError(f"rows must be ({draws},) whole numbers, one per draw, got {rows!r}")
    wrong = (index < 0) | (index >= (available if available is not None else np.inf))
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ValueError(f"rows[{place}] is {index[place]}: logits has {available} rows, from 0")
    return index.astype(np.int64)


def _dense(source: Any, chosen: Any, rows: Any) -> tuple[Iterator[Block], IntArray, IntArray]:
    tokens = _as_tokens(chosen)
    if source.ndim == 1:
        source, rows = source[None], np.zeros(tokens.size, dtype=np.int64) if rows is None else rows
    if source.ndim != 2 or 0 in source.shape:
        raise ValueError(
            f"logits must have shape (V,) or (n, V) and an entry, got {tuple(source.shape)}"
        )
    of_row = _as_rows(rows, tokens.size, source.shape[0])
    step = max(1, _BLOCK // source.shape[1])
    return _batches(source[i : i + step] for i in range(0, source.shape[0], step)), tokens, of_row


def _batches(batches: Iterable[Any]) -> Iterator[Block]:
    for batch in batches:
        array = _as_numbers(np.asarray(batch))
        if array.ndim != 2 or array.shape[1] == 0:
            raise ValueError(f"logits must come in batches of shape (b, V), got {array.shape}")
        yield array.reshape(-1), np.arange(array.shape[0] + 1) * array.shape[1], None


def _as_numbers(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array as it is if the kernels read its type, else as float64."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"logits must be real numbers, got an array of {array.dtype}")
    native = array.dtype in (np.float32, np.float64)
    return np.ascontiguousarray(array if native else array.astype(np.float64))


def _flatten(table: Sequence[Any]) -> tuple[FloatArray, IntArray]:
    sizes = np.fromiter(map(len, table), dtype=np.int64, count=len(table))
    empty = np.flatnonzero(sizes == 0)
    if empty.size:
        raise ValueError(f"logits[{empty[0]}] is empty: a draw is offered at least one token")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    try:
        if isinstance(table[0], np.ndarray):
            return np.concatenate(table).astype(np.float64), starts
        return np.fromiter(chain.from_iterable(table), dtype=np.float64, count=starts[-1]), starts
    except (TypeError, ValueError) as error:
        raise ValueError(f"logits must be real numbers: {error}") from None


def _mappings(table: Sequence[Mapping[Any, float]], chosen: Sequence[Any], rows: IntArray) -> Block:
    """Flatten rows of {token: log-probability}."""
    values, starts = _flatten([row.values() for row in table])
    found = np.fromiter(
        (
            list(table[r]).index(x) if x in table[r] else WITHHELD if x is None else ABSENT
            for r, x in zip(rows.tolist(), chosen, strict=True)
        ),
        dtype=np.int64,
        count=rows.size,
    )
    return values, starts, found


def _pairs(table: Sequence[tuple[Any, Any]], chosen: Sequence[Any], rows: IntArray) -> Block:
    """Flatten rows of (tokens, log-probabilities)."""
    values, starts = _flatten([row[1] for row in table])
    for r, (tokens, logprobs) in enumerate(table):
        if len(tokens) != len(logprobs):
            raise ValueError(
                f"logits[{r}] has {len(tokens)} tokens for {len(logprobs)} log-probabilities"
            )
    lists = [ids.tolist() if isinstance(ids, np.ndarray) else list(ids) for ids, _ in table]
    found = np.fromiter(
        (
            lists[r].index(x)
            if x in lists[r]
            else WITHHELD
            if x is None or x == WITHHELD
            else ABSENT
            for r, x in zip(rows.tolist(), chosen, strict=True)
        ),
        dtype=np.int64,
        count=rows.size,
    )
    return values, starts, found


def _tables(tokens: NDArray[Any], logprobs: Any, chosen: Sequence[Any], rows: IntArray) -> Block:
    """Flatten an array of tokens and one of their log-probabilities."""
    picked = np.asarray(chosen)
    same = tokens[rows] == picked[:, None]
    missing = np.where((picked == None) | (picked == WITHHELD), WITHHELD, ABSENT)  # noqa: E711
    found = np.where(same.any(axis=1), same.argmax(axis=1), missing)
    values, starts, _ = next(_batches([logprobs]))
    return values, starts, found


def _positions(tokens: IntArray, mine: IntArray, sizes: IntArray) -> IntArray:
    """Return the positions that tokens of a dense row are, checked."""
    positions = tokens[mine]
    wrong = (positions < WITHHELD) | (positions >= sizes)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ValueError(
            f"chosen[{mine[place]}] is {positions[place]}: a token is from 0 to {sizes[place] - 1}, or -1"
        )
    return positions


def _levels(
    values: NDArray[Any], starts: IntArray, first: int
) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Return the largest value of each row, and (levels per row, energies, degeneracies)."""
    rows, threads = starts.size - 1, available_processors()
    shares = max(1, min(threads, values.size // 2**18))
    edges = np.linspace(0, rows, shares + 1).astype(int)

    def work(share: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        mine = starts[edges[share] : edges[share + 1] + 1]
        most = int(np.minimum(np.diff(mine), HEAD + LEVELS).sum())
        tops, energies, counts = np.empty(mine.size - 1), np.empty(most), np.empty(most)
        ends = np.zeros(mine.size, dtype=np.int64)
        flawed = gather_levels(values, mine, tops, energies, counts, ends[1:])
        if flawed >= 0:
            _refuse(values[mine[flawed] : mine[flawed + 1]], first + edges[share] + flawed)
        return tops, np.diff(ends), energies[: ends[-1]].copy(), counts[: ends[-1]].copy()

    with Pool(shares) as pool:
        parts = pool.map(work, shares)
    tops, *levels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return tops, tuple(levels)


def _refuse(row: NDArray[Any], index: int) -> None:
    wrong = ~(row < np.inf)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ValueError(
            f"logits[{index}, {place}] is {row[place]}: a log-probability is a number below +inf"
        )
    raise ValueError(f"logits[{index}] is -inf throughout: at least one token must be allowed")


def _rank(
    values: NDArray[Any], starts: IntArray, tops: FloatArray, rows: IntArray, positions: IntArray
) -> tuple[FloatArray, IntArray]:
    """Return the energy and the rank of each draw."""
    energies, ranks = np.empty(rows.size), np.empty(rows.size, dtype=np.int64)
    if rows.size < 16 * starts.size:
        rank_draws(values, starts, tops, rows, positions, energies, ranks)
        return energies, ranks
    for r in np.unique(rows):  # many draws of a row: sort it once
        row, mine = values[starts[r] : starts[r + 1]].astype(np.float64), np.flatnonzero(rows == r)
        place = np.empty(row.size, dtype=np.int64)
        place[np.argsort(-row, kind="stable")] = np.arange(row.size)
        energies[mine], ranks[mine] = tops[r] - row[positions[mine]], place[positions[mine]]
    return energies, ranks
