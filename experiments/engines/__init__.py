"""What inference engines do with a temperature: questions, and the answers in `results`."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def results() -> dict[str, dict[str, Any]]:
    """Return the result files by name, the control first."""
    files = sorted(RESULTS.glob("*.json"), key=lambda path: (path.stem != "ours", path.stem))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}
