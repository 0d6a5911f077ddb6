"""GPT-2's tokenizer, a byte-level BPE: text is cut into pieces, whose UTF-8 bytes are merged."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any

# The files write a token with one letter per byte: the byte itself where it is printable in
# Latin-1, and otherwise, in order, one from U+0100 on. A blank is Ġ.
_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
LETTERS = [chr(byte if byte in _PRINTABLE else 0x100 + _OTHERS.index(byte)) for byte in range(256)]
BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}

# English endings, words, numbers and other signs, each with the blank before it; the last character
# of white space goes with the piece after it.
_PIECES = re.compile(r"'(?:[stmd]|re|ve|ll)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
END_OF_TEXT = "<|endoftext|>"


def _pieces(text: str) -> Iterable[str]:
    """Cut a text into pieces; no token extends over more than one.

    GPT-2's classes are Unicode's: letters, numbers, white space. Python's `re` has fewer numbers
    (fractions and Roman numerals are none there) and more white space, so the cuts are found in a
    copy of the text in which such characters are replaced.
    """
    copy = "".join(
        "0" if c.isalnum() and not c.isalpha() else "!" if "\x1c" <= c <= "\x1f" else c
        for c in text
    )
    return (text[match.start() : match.end()] for match in _PIECES.finditer(copy))


class Tokenizer:
    """A byte-level BPE: text to ids, and the bytes of each id.

    Parameters
    ----------
    vocabulary : mapping of str to int
        The ids of the tokens, each token written one letter per byte.
    merges : iterable of pairs of str
        The pairs of neighbours that become one token, by falling priority.
    special : mapping of str to int
        Tokens that are cut out of a text before anything else, such as ``<|endoftext|>``.

    Attributes
    ----------
    size : int
        One more than the largest id.
    tokens : tuple of bytes
        The bytes of each id; ``b""`` if it has none.

    Raises
    ------
    ValueError
        If a byte or the result of a merge is missing from the vocabulary.
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
        any_special = "|".join(map(re.escape, longest_first))
        self._split = re.compile(f"({any_special})").split if special else lambda text: [text]
        self._ids_of_piece = lru_cache(maxsize=1 << 16)(self._encode_piece)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text that UTF-8 can write."""
        ids: list[int] = []
        for part in self._split(text):
            if part in self._special:
                ids.append(self._special[part])
            else:
                for piece in _pieces(part):
                    ids += self._ids_of_piece(piece)
        return ids

    def _encode_piece(self, piece: str) -> tuple[int, ...]:
        """Return the ids of a piece: its bytes, merged as long as two neighbours have a merge."""
        tokens = [LETTERS[byte] for byte in piece.encode()]
        while mergeable := [pair for pair in pairwise(tokens) if pair in self._ranks]:
            tokens = _merged(tokens, min(mergeable, key=self._ranks.__getitem__))
        return tuple(self._ids[token] for token in tokens)


def _merged(tokens: list[str], pair: tuple[str, str]) -> list[str]:
    """Return the tokens with each occurrence of the pair made one, from left to right."""
    both = list(pair)
    merged: list[str] = []
    k = 0
    while k < len(tokens):
        if tokens[k : k + 2] == both:
            merged.append(tokens[k] + tokens[k + 1])
            k += 2
        else:
            merged.append(tokens[k])
            k += 1
    return merged


def read_tokenizer(folder: Traversable) -> Tokenizer:
    """Return the tokenizer of a folder's tokenizer.json, or else of its vocab.json and merges.txt.

    Raises
    ------
    FileNotFoundError
        If it has neither.
    ValueError
        If they are not of the form of GPT-2's.
    """
    in_one_file = (folder / "tokenizer.json").is_file()
    try:
        return _from_one_file(folder) if in_one_file else _from_two_files(folder)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        name = "tokenizer.json" if in_one_file else "vocab.json with merges.txt"
        raise ValueError(f"{folder}: {name} is no byte-level BPE as GPT-2's is: {error}") from None


def _as_pair(merge: Any) -> tuple[str, str]:
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _from_two_files(folder: Traversable) -> Tokenizer:
    ids = json.loads((folder / "vocab.json").read_bytes())
    lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    merges = [_as_pair(line) for line in lines if line and not line.startswith("#version")]
    special = {END_OF_TEXT: ids[END_OF_TEXT]} if END_OF_TEXT in ids else {}
    return Tokenizer(ids, merges, special)


def _from_one_file(folder: Traversable) -> Tokenizer:
    content: Any = json.loads((folder / "tokenizer.json").read_bytes())
    model = content["model"]
    cutting = content["pre_tokenizer"]
    if (
        model.get("type", "BPE") != "BPE"
        or cutting["type"] != "ByteLevel"
        or content.get("normalizer")
    ):
        raise ValueError("it needs a model BPE, a pre_tokenizer ByteLevel and no normalizer")
    if cutting.get("add_prefix_space") or not cutting.get("use_regex", True):
        raise ValueError("its pre_tokenizer must cut by GPT-2's rule and add no blank")

    special = {token["content"]: token["id"] for token in content.get("added_tokens", [])}
    return Tokenizer(model["vocab"], map(_as_pair, model["merges"]), special)
