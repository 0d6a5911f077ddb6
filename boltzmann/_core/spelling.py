"""Text for consoles that lack a character: τ becomes tau, ² becomes ^2, and ∞ becomes inf."""

import codecs
import sys
import unicodedata

_HANDLER = "boltzmann.spelled"
_SPELLED = {
    "∞": "inf",
    "√": "sqrt ",
    "∂": "d",
    "∏": "product ",
    "⟨": "<",
    "⟩": ">",
    "−": "-",
    "–": "-",
    "—": "--",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "∝": "~",
    "×": "x",
    "·": "*",
    "±": "+/-",
    "→": "->",
    "…": "...",
    "␣": "_",
    "“": '"',
    "”": '"',
    "\u2019": "'",
    "æ": "ae",
    "ø": "o",
    "ß": "ss",
}


def error_handler() -> str:
    """Return the name of the error handler that spells, for `reconfigure` and `encode`."""
    codecs.register_error(_HANDLER, _handled)
    return _HANDLER


def spelled(text: str, encoding: str) -> str:
    """Return the text with each character that an encoding lacks spelled in ASCII.

    Examples
    --------
    >>> spelled("τ ≥ 2, exp(-β²) ± ∞", "ascii")
    'tau >= 2, exp(-beta^2) +/- inf'
    """
    return text.encode(encoding, error_handler()).decode(encoding)


def for_output(text: str) -> str:
    """Return the text as the console that `print` writes to can show it."""
    encoding = getattr(sys.stdout, "encoding", None)
    return spelled(text, encoding) if encoding else text


def _parts(character: str) -> tuple[str, str]:
    """Return ^ or _ for a character above or below the line, and the character in ASCII."""
    if character in _SPELLED:
        return "", _SPELLED[character]
    name = unicodedata.name(character, "")
    if name.startswith("GREEK ") and " LETTER " in name:
        letter = name.partition(" LETTER ")[2].split()[0].lower().replace("lamda", "lambda")
        return "", letter.capitalize() if "CAPITAL" in name else letter

    place = unicodedata.decomposition(character).split(" ")[0]
    plain = unicodedata.normalize("NFKD", character).replace("−", "-").encode("ascii", "ignore")
    return {"<super>": "^", "<sub>": "_"}.get(place, ""), plain.decode() or "?"


def _handled(error: UnicodeError) -> tuple[str, int]:
    """Spell what an encoder has found that it lacks, with one ^ before all digits of a power.

    The rest of a power is spelled too where the encoding has it: ⁻¹ is ^-1 and not ^-¹.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, before, place = "", "", error.start
    for place, character in enumerate(error.object[error.start :], start=error.start):
        mark, plain = _parts(character)
        if place >= error.end and (mark != before or not mark):
            return text, place
        text += plain if mark == before else mark + plain
        before = mark
    return text, place + 1
