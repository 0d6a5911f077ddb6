"""How letters are named in tables and figures, and which contexts a text offers."""

from collections import Counter
from collections.abc import Sequence

SHOWN = {" ": "␣", "\n": "↵", "\t": "⇥"}


def shown(text: str) -> str:
    """Return a text with its white space made visible."""
    return "".join(SHOWN.get(letter, letter) for letter in text)


def printable(text: str) -> str:
    """Return a text with white space other than blanks made visible.

    What has no shape becomes a box.
    """
    return "".join(
        letter if letter.isprintable() and letter != "\ufffd" else SHOWN.get(letter, "□")
        for letter in text
    )


def usable_contexts(preferred: Sequence[str], text: str) -> list[str]:
    """Return the contexts that occur in the text.

    They are filled up with the most frequent ones of four letters.
    """
    found = [context for context in preferred if context in text]
    frequent = Counter(text[k : k + 4] for k in range(len(text) - 3))
    others = [context for context, _ in frequent.most_common() if context not in found]
    return found + others[: len(preferred) - len(found)]
