"""The API key is redacted everywhere: in errors, in what is kept, however it is spelled."""

import json
import re
from typing import Any

_SHORTEST = 8  # characters of a real key; servers that want any key are told "none" or "EMPTY"
_MASK = "***"


class Redactor:
    """Replaces an API key in texts and in JSON content.

    Parameters
    ----------
    key : str
        The key; "" redacts nothing.

    Examples
    --------
    >>> Redactor("sk-12345678")("Bearer sk-12345678")
    'Bearer ***'
    """

    def __init__(self, key: str):
        self.key = key
        self._spellings = _spellings(key)

    def __call__(self, value: Any) -> Any:
        """Return a text, or JSON content, without the key."""
        if not self.key:
            return value
        if isinstance(value, str):
            return self._spellings.sub(_MASK, value)
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {self(name): self(item) for name, item in value.items()}
        return value

    def json(self, text: str) -> Any:
        """Return the content of JSON without the key, unless it is too short to be one.

        Raises
        ------
        ValueError
            If it is not JSON.
        """
        value = json.loads(text)
        found = len(self.key) >= _SHORTEST and self._spellings.search(text)
        return self(value) if found else value


def _spellings(key: str) -> re.Pattern[str]:
    r"""Return a pattern of the key with each letter plain or escaped, once or more, as JSON does.

    A text inside JSON inside JSON has its escapes escaped again: hence up to 19 backslashes.
    """
    letters = [rf"\\{{0,19}}(?:{re.escape(letter)}|u00{ord(letter):02x})" for letter in key]
    return re.compile("".join(letters), re.IGNORECASE)
