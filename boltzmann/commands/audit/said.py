"""What the server says of its sampler, beside what its draws say."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from boltzmann.thermometer import Diagnosis, SamplingLaw, Sign
from boltzmann.thermometer.io.saved_draws import SavedDraws
from boltzmann.thermometer.io.server_settings import in_words, law_of, settings_acting

_CUTOFFS = ("hidden_top_k", "hidden_top_p", "hidden_min_p")
_OTHER_CUTOFFS = {"top_n_sigma", "typical_p", "mirostat"}
_TOLERANCE = 1e-4  # relative: settings are rounded to float32


def said_beside_measured(
    settings: list[dict[str, Any]],
    diagnosis: Diagnosis,
    diagnose_as: Callable[[SamplingLaw], Diagnosis],
) -> dict[str, str]:
    """Return lines of the report by name; a difference between the two is a finding.

    Parameters
    ----------
    settings : list of dict
        The distinct sampler settings that answers report.
    diagnosis : Diagnosis
        Of the claim.
    diagnose_as : callable
        The diagnosis of the same draws under another claim.
    """
    if not settings:
        return {}
    said = {"said": "; or ".join(map(in_words, settings))}
    if len(settings) > 1:
        return {**said, "finding": f"answers report {len(settings)} different settings"}
    finding = _difference(settings[0], diagnosis, diagnose_as)
    return {**said, "finding": finding} if finding else said


def lists_beside_claim(draws: SavedDraws, claim: SamplingLaw) -> dict[str, str]:
    """Return a line about lists that end at a truncation which is not claimed."""
    if not draws.end_at_truncation or claim.truncated:
        return {}
    lengths = draws.cut_lengths
    seen = f"{lengths[0]} tokens, as by top_k = {lengths[0]}"
    if len(lengths) > 1:
        seen = f"{lengths[0]} to {lengths[-1]} tokens, as by a top_p or min_p"
    return {
        "lists": f"hold only what a truncation left, {seen}: it is not claimed, and draws cannot "
        "tell it, as they come from what is left"
    }


def _difference(
    settings: Mapping[str, Any],
    diagnosis: Diagnosis,
    diagnose_as: Callable[[SamplingLaw], Diagnosis],
) -> str:
    """Return how what is said differs from the claim or from the draws; "" if it does not."""
    claim = diagnosis.claimed
    law = law_of(settings)
    if law is None:
        acting = {*settings_acting(settings)} - {"top_k", "top_p", "min_p"}
        named = ", ".join(sorted(acting)) or "its order of samplers"
        shown = "these draws do not show it" if diagnosis.verdict != "fails" else "the claim fails"
        return f"the server says that {named} acts, which is no part of the claim; {shown}"
    if same_law(law, claim):
        differs = "the server says that it does what is claimed, and its draws do not follow that"
        return differs if diagnosis.verdict == "fails" else ""

    found = {
        "holds": "the draws follow what it says",
        "fails": "the draws do not follow that either"
        if diagnosis.verdict == "fails"
        else "the draws do not follow that",
        "cannot tell": "these draws fit what it says, and are too few to be sure",
    }[diagnose_as(law).verdict]
    return f"the server says {law}, which is not what is claimed; {found}"


def without_a_name_for_what_acts(diagnosis: Diagnosis, settings: list[dict[str, Any]]) -> Diagnosis:
    """Return the diagnosis, "unknown" where a hidden truncation may be another that is said to act.

    A cutoff by standard deviations of the logits is at the place of a min_p where lists are alike.
    """
    acting = {name for each in settings for name in settings_acting(each)} & _OTHER_CUTOFFS
    if not acting or diagnosis.fault not in _CUTOFFS:
        return diagnosis
    named = ", ".join(sorted(acting))
    words = f"a cutoff like that of {diagnosis.law}; the server says that {named} acts"
    sign = Sign("cutoff", diagnosis.p_value, words=words)
    return replace(diagnosis, fault="unknown", law=diagnosis.claimed, note="", seen=(sign,))


def same_law(first: SamplingLaw, second: SamplingLaw) -> bool:
    """Tell whether two laws are the same, up to rounding."""
    pairs = [
        (first.temperature, second.temperature),
        (first.top_p or 1.0, second.top_p or 1.0),
        (first.min_p or 0.0, second.min_p or 0.0),
    ]
    close = all(np.isclose(a, b, rtol=_TOLERANCE, atol=0.0) for a, b in pairs)
    order = replace(second, order=first.order).meaning == second.meaning
    return close and first.top_k == second.top_k and order
