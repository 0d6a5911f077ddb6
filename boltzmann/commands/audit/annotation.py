"""Annotations of a run of GitHub Actions, which show beside its summary.

References
----------
"Workflow commands for GitHub Actions", docs.github.com/actions/reference/workflow-commands.
"""

import os
import sys
from typing import Literal

Level = Literal["error", "warning", "notice"]
_ESCAPED = {"%": "%25", "\r": "%0D", "\n": "%0A"}  # in this order


def annotate(level: Level, message: str) -> None:
    """Write an annotation to the standard error, in a run of GitHub Actions alone."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        print(annotation(level, message), file=sys.stderr)


def annotation(level: Level, message: str) -> str:
    """Return an annotation in one line.

    Examples
    --------
    >>> annotation("error", "100 % off")
    '::error title=boltzmann audit::100 %25 off'
    """
    for letter, escape in _ESCAPED.items():
        message = message.replace(letter, escape)
    return f"::{level} title=boltzmann audit::{message}"
