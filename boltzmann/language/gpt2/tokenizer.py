"""GPT-2's tokens: text cut into pieces, and the UTF-8 bytes of each piece merged pair by pair."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

# A token is written with one letter per byte: the byte itself where Latin-1 shows it, and
# otherwise, in order, one from U+0100 on. A blank is Ġ.
_SHOWN = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_HIDDEN = [byte for byte in range(256) if byte not in _SHOWN]
LETTERS = [chr(byte if byte in _SHOWN else 0x100 + _HIDDEN.index(byte)) for byte in range(256)]
BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}

# English endings, words, numbers and other signs, each with the blank before it; of white space,
# the last goes with what follows.
_PIECES = re.compile(r"'(?:[stmd]|re|ve|ll)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
END_OF_TEXT = "<|endoftext|>"


def _pieces(text: str) -> Iterable[str]:
    """Cut a text into the pieces that no token crosses.

    GPT-2's classes are Unicode's: letters, numbers, white space. Python's `re` has fewer numbers
    (fractions and Roman numerals are none there) and more white space, so it reads a shadow of the
    text without such signs.
    """
    shadow = "".join(
        "0" if c.isalnum() and not c.isalpha() else "!" if "\x1c" <= c <= "\x1f" else c
        for c in text
    )
    return (text[match.start() : match.end()] for match in _PIECES.finditer(shadow))


class BytePairs:
    """A byte-level BPE vocabulary: text to ids, and what each id stands for.

    Parameters
    ----------
    vocabulary : mapping of str to int
        The ids of the tokens, each token written one letter per byte.
    merges : iterable of pairs of str
        Which neighbours become one token, the first to do so first.
    special : mapping of str to int
        Tokens that stand for themselves and are cut out of a text before anything else.

    Attributes
    ----------
    size : int
        One more than the largest id.
    tokens : tuple of bytes
        The bytes of each id; ``b""`` if it has none.

    Raises
    ------
    ValueError
        If a byte or what a merge makes is missing from the vocabulary.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        merges: Iterable[tuple[str, str]],
        special: Mapping[str, int],
    ):
        self._ids = {token: id_ for token, id_ in vocabulary.items() if token not in special}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._special = dict(special)
        for token in (*LETTERS, *(left + right for left, right in self._ranks)):
            if token not in self._ids:
                raise ValueError(
                    f"the vocabulary lacks the token {token!r}, which a byte or a merge makes"
                )
        self.size = 1 + max((*self._ids.values(), *self._special.values()))
        tokens = {id_: bytes(BYTES[letter] for letter in token) for token, id_ in self._ids.items()}
        tokens |= {id_: token.encode() for token, id_ in self._special.items()}
        self.tokens = tuple(tokens.get(id_, b"") for id_ in range(self.size))
        longest_first = sorted(self._special, key=len, reverse=True)
        self._cut = re.compile(f"({'|'.join(map(re.escape, longest_first))})") if special else None
        self._remembered = lru_cache(maxsize=1 << 16)(self._encode_piece)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text that UTF-8 can write."""
        ids: list[int] = []
        for part in self._cut.split(text) if self._cut else [text]:
            if part in self._special:
                ids.append(self._special[part])
            else:
                for piece in _pieces(part):
                    ids += self._remembered(piece)
        return ids

    def _encode_piece(self, piece: str) -> tuple[int, ...]:
        parts = [LETTERS[byte] for byte in piece.encode()]
        while known := [pair for pair in pairwise(parts) if pair in self._ranks]:
            left, right = min(known, key=self._ranks.__getitem__)
            merged, waiting = [], iter(range(len(parts)))
            for k in waiting:
                if parts[k : k + 2] == [left, right]:
                    merged.append(left + right)
                    next(waiting)
                else:
                    merged.append(parts[k])
            parts = merged
        return tuple(self._ids[part] for part in parts)


def read_byte_pairs(folder: Path) -> BytePairs:
    """Return the vocabulary in a folder's tokenizer.json, or else in its vocab.json and merges.txt.

    Raises
    ------
    FileNotFoundError
        If it has neither.
    ValueError
        If they are not what GPT-2's are.
    """
    whole, vocabulary, merges = (
        folder / name for name in ("tokenizer.json", "vocab.json", "merges.txt")
    )
    try:
        if whole.is_file():
            return _from_tokenizer(json.loads(whole.read_bytes()))
        ids = json.loads(vocabulary.read_bytes())
        lines = merges.read_text(encoding="utf-8").split("\n")
        pairs = [_as_pair(line) for line in lines if line and not line.startswith("#version")]
        return BytePairs(ids, pairs, {END_OF_TEXT: ids[END_OF_TEXT]} if END_OF_TEXT in ids else {})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        name = whole.name if whole.is_file() else f"{vocabulary.name} with {merges.name}"
        raise ValueError(f"{folder}: {name} is no byte-level BPE as GPT-2's is: {error}") from None


def _as_pair(merge: Any) -> tuple[str, str]:
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _from_tokenizer(tokenizer: Any) -> BytePairs:
    model, before = tokenizer["model"], tokenizer["pre_tokenizer"]
    if (
        model.get("type", "BPE") != "BPE"
        or before["type"] != "ByteLevel"
        or tokenizer.get("normalizer")
    ):
        raise ValueError("it needs a model BPE, a pre_tokenizer ByteLevel and no normalizer")
    if before.get("add_prefix_space") or not before.get("use_regex", True):
        raise ValueError("its pre_tokenizer must cut by GPT-2's rule and add no blank")
    special = {token["content"]: token["id"] for token in tokenizer.get("added_tokens", [])}
    return BytePairs(model["vocab"], map(_as_pair, model["merges"]), special)
