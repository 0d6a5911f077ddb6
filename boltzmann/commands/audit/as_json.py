"""The report of an audit for programs: one JSON object."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from boltzmann import __version__
from boltzmann.thermometer import Diagnosis, Reading
from boltzmann.thermometer.io.saved_draws import SavedDraws


def as_json(
    draws: SavedDraws,
    reading: Reading,
    diagnosis: Diagnosis,
    source: dict[str, str],
    said: dict[str, str],
) -> str:
    """Return the finding as JSON; a number that is not finite is null.

    Parameters
    ----------
    draws, reading, diagnosis : SavedDraws, Reading, Diagnosis
        What was found.
    source, said : dict
        Lines of the report by name: where draws come from, and what the server says.
    """
    found = {
        "version": __version__,
        "verdict": diagnosis.verdict,
        "fault": diagnosis.fault or None,
        "note": diagnosis.note or None,
        "seen": [
            {"name": sign.name, "p_value": sign.p_value, "words": sign.words}
            for sign in diagnosis.seen
        ],
        "p_value": diagnosis.p_value,
        "claimed": asdict(diagnosis.claimed),
        "likeliest": asdict(diagnosis.law),
        "temperature": {
            "value": reading.temperature,
            "standard_error": reading.standard_error,
            "interval": reading.interval,
            "confidence": reading.confidence,
        },
        "draws": {
            "used": reading.draws,
            "left_out": reading.left_out,
            "needed": diagnosis.draws_needed,
        },
        "candidates": [
            {
                "fault": candidate.fault,
                "law": asdict(candidate.law),
                "log_likelihood_ratio": candidate.log_likelihood_ratio,
            }
            for candidate in diagnosis.candidates
        ],
        "source": source,
        "said": {"settings": draws.settings, "finding": said.get("finding")},
    }
    return json.dumps(_finite(found), indent=2, ensure_ascii=False)


def _finite(value: Any) -> Any:
    """Return JSON content whose numbers JSON can write."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
