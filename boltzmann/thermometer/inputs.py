"""The forms in which `read` takes rows of log-probabilities and the tokens drawn from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.arrays import as_plain
from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.token_levels import IntArray

WITHHELD, ABSENT = -1, -2  # in place of a position
_BLOCK = 2**23  # numbers that are read at once: 64 MB at most


class Block(NamedTuple):
    """Some rows, one after another; `positions` of all draws if they are known already, (n,).

    `tokens`, as many as values, are the numbers of the tokens, if they are not the positions.
    """

    values: NDArray[Any]
    starts: IntArray
    positions: IntArray | None = None
    tokens: IntArray | None = None


class Draws(NamedTuple):
    """Rows in blocks, the token of each draw, (n,), its row, (n,), and what tokens are called.

    A token is -1 where it was withheld. Without names it is called by its number.
    """

    blocks: Iterator[Block]
    tokens: IntArray
    rows: IntArray
    names: Sequence[Any] | None = None


def as_draws(source: Any, chosen: Any, rows: Any) -> Draws:
    """Return rows in blocks, and the draws from them; the arguments are those of `read`."""
    if _is_pair_of_tables(source):
        tokens, logprobs = source
        of_row = _as_rows(rows, len(chosen), len(tokens))
        return _tables(np.asarray(tokens), logprobs, chosen, of_row)
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
        return Draws(_batches(chain([head], iterator)), tokens, _as_rows(rows, tokens.size))
    return _listed([head, *iterator], chosen, rows)


def draws_of_counts(counts: Any) -> tuple[IntArray, IntArray]:
    """Return the token and the row of each draw that counts, (R, V) or (V,), stand for."""
    table = np.atleast_2d(np.asarray(counts))
    if table.ndim != 2 or table.dtype.kind not in "iu" or table.size == 0:
        raise ValueError(f"counts must be (R, V) or (V,) whole numbers, got {counts!r}")
    if (table < 0).any():
        raise ValueError(f"counts must be at least 0, got {table.min()}")
    rows, tokens = np.nonzero(table)
    each = table[rows, tokens]
    return np.repeat(tokens, each), np.repeat(rows, each)


def _is_pair_of_tables(source: Any) -> bool:
    """Whether this is an array of tokens and one of their log-probabilities, not two batches."""
    if not isinstance(source, tuple) or len(source) != 2:
        return False
    tokens, logprobs = source
    if getattr(tokens, "ndim", 0) != 2 or getattr(logprobs, "ndim", 0) != 2:
        return False
    return bool(tokens.dtype.kind != "f" and tokens.shape == logprobs.shape)


def _listed(table: list[Any], chosen: Any, rows: Any) -> Draws:
    """Return the draws from a list of rows, of which the first tells the form."""
    head = table[0]
    if isinstance(head, int | float | np.number):  # one plain list: a single row
        return _dense(np.asarray(table), chosen, rows)
    of_row = _as_rows(rows, len(chosen), len(table))
    if isinstance(head, Mapping):
        return _mappings(table, chosen, of_row)
    if isinstance(head, tuple) and len(head) == 2 and hasattr(head[0], "__len__"):
        return _pairs(table, chosen, of_row)
    return Draws(iter([Block(*_flatten(table))]), _as_tokens(chosen), of_row)


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


def _dense(source: Any, chosen: Any, rows: Any) -> Draws:
    """Return the draws from an array, (n, V) or one row (V,) for all."""
    tokens = _as_tokens(chosen)
    if source.ndim == 1:
        source = source[None]
        rows = np.zeros(tokens.size, dtype=np.int64) if rows is None else rows
    if source.ndim != 2 or 0 in source.shape:
        raise ValueError(
            f"logits must have shape (V,) or (n, V) and an entry, got {tuple(source.shape)}"
        )
    of_row = _as_rows(rows, tokens.size, source.shape[0])
    step = max(1, _BLOCK // source.shape[1])
    batches = (source[i : i + step] for i in range(0, source.shape[0], step))
    return Draws(_batches(batches), tokens, of_row)


def _batches(batches: Iterable[Any]) -> Iterator[Block]:
    """Yield a block for each array (b, V)."""
    for batch in batches:
        array = _as_numbers(np.asarray(as_plain("logits", batch, masked=-np.inf)))
        if array.ndim != 2 or array.shape[1] == 0:
            raise ValueError(f"logits must come in batches of shape (b, V), got {array.shape}")
        starts = np.arange(array.shape[0] + 1) * array.shape[1]
        yield Block(array.reshape(-1), starts)


def _as_numbers(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array as it is if the kernels read its type, else as float64."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"logits must be real numbers, got an array of {array.dtype}")
    native = array.dtype in (np.float32, np.float64)
    return np.ascontiguousarray(array if native else array.astype(np.float64))


def _flatten(table: Sequence[Any]) -> tuple[FloatArray, IntArray]:
    """Return the numbers of all rows, one after another, and where each row begins."""
    sizes = np.fromiter(map(len, table), dtype=np.int64, count=len(table))
    empty = np.flatnonzero(sizes == 0)
    if empty.size:
        raise ValueError(f"logits[{empty[0]}] is empty: a row has at least one token")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    try:
        if isinstance(table[0], np.ndarray):
            return np.concatenate(table).astype(np.float64), starts
        return np.fromiter(chain.from_iterable(table), dtype=np.float64, count=starts[-1]), starts
    except (TypeError, ValueError) as error:
        raise ValueError(f"logits must be real numbers: {error}") from None


def _mappings(table: Sequence[Mapping[Any, float]], chosen: Sequence[Any], rows: IntArray) -> Draws:
    """Return the draws from rows of {token: log-probability}."""
    values, starts = _flatten([row.values() for row in table])
    return _named(values, starts, [list(row) for row in table], chosen, rows)


def _pairs(table: Sequence[tuple[Any, Any]], chosen: Sequence[Any], rows: IntArray) -> Draws:
    """Return the draws from rows of (tokens, log-probabilities)."""
    values, starts = _flatten([row[1] for row in table])
    for r, (tokens, logprobs) in enumerate(table):
        if len(tokens) != len(logprobs):
            raise ValueError(
                f"logits[{r}] has {len(tokens)} tokens for {len(logprobs)} log-probabilities"
            )
    lists = [ids.tolist() if isinstance(ids, np.ndarray) else list(ids) for ids, _ in table]
    return _named(values, starts, lists, chosen, rows)


def _named(
    values: FloatArray,
    starts: IntArray,
    lists: Sequence[list[Any]],
    chosen: Sequence[Any],
    rows: IntArray,
) -> Draws:
    """Return the draws from rows whose tokens have names, one after another."""
    places = (_place(lists[r], token) for r, token in zip(rows.tolist(), chosen, strict=True))
    positions = np.fromiter(places, dtype=np.int64, count=rows.size)
    flat = list(chain.from_iterable(lists))
    drawn = [None if _is_withheld(token) else token for token in chosen]
    names = _in_order(dict.fromkeys(token for token in [*flat, *drawn] if token is not None))
    number = dict(zip(names, range(len(names)), strict=True))

    tokens = np.fromiter((number[token] for token in flat), dtype=np.int64, count=len(flat))
    of_draws = (WITHHELD if token is None else number[token] for token in drawn)
    picked = np.fromiter(of_draws, dtype=np.int64, count=rows.size)
    return Draws(iter([Block(values, starts, positions, tokens)]), picked, rows, names)


def _in_order(tokens: Iterable[Any]) -> list[Any]:
    """Return tokens in their own order: that of numbers is the vocabulary's."""
    return sorted(tokens, key=lambda token: (type(token).__name__, token))


def _place(tokens: list[Any], token: Any) -> int:
    """Return the position of a token, of which -1 and None say that it was withheld."""
    if token in tokens:
        return tokens.index(token)
    return WITHHELD if _is_withheld(token) else ABSENT


def _is_withheld(token: Any) -> bool:
    return token is None or bool(token == WITHHELD)


def _tables(tokens: NDArray[Any], logprobs: Any, chosen: Sequence[Any], rows: IntArray) -> Draws:
    """Return the draws from an array of tokens and one of their log-probabilities, (R, m) each."""
    picked = np.asarray(chosen)
    same = tokens[rows] == picked[:, None]  # (n, m)
    withheld = (picked == None) | (picked == WITHHELD)  # noqa: E711
    found = np.where(same.any(axis=1), same.argmax(axis=1), np.where(withheld, WITHHELD, ABSENT))

    drawn = picked[~withheld].astype(tokens.dtype)
    names, numbers = np.unique(np.concatenate([tokens.ravel(), drawn]), return_inverse=True)
    of_draws = np.full(picked.size, WITHHELD, dtype=np.int64)
    of_draws[~withheld] = numbers[tokens.size :]
    block = next(_batches([logprobs]))
    block = block._replace(positions=found, tokens=numbers[: tokens.size].astype(np.int64))
    return Draws(iter([block]), of_draws, rows, names.tolist())
