"""A claim whose order is not said: it holds if it holds in the order of one engine."""

from collections.abc import Hashable
from typing import Any, NamedTuple

from boltzmann.thermometer.diagnosing import diagnose
from boltzmann.thermometer.diagnosis import Diagnosis, Verdict
from boltzmann.thermometer.faults import FaultHypothesis
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw, as_claim, laws_of_engines
from boltzmann.thermometer.orders import ORDERS
from boltzmann.thermometer.reading import Reading
from boltzmann.thermometer.truncation import kept_counts

_RANK: dict[Verdict, int] = {"holds": 0, "cannot tell": 1, "fails": 2}


class OrdersTried(NamedTuple):
    """What was found of a claim in several orders.

    Attributes
    ----------
    diagnosis : Diagnosis
        In the order that fits best; its `claimed` has that order.
    verdicts : dict
        The verdict in the order of each engine, by its name.

    See Also
    --------
    diagnose_in_any_order : A claim that does not say in which order its steps come.
    """

    diagnosis: Diagnosis
    verdicts: dict[str, Verdict]


def diagnose_in_any_order(reading: Reading, claimed: SamplingLaw, **options: Any) -> OrdersTried:
    """Diagnose a claim in the order of each engine, where its own order is not known.

    If the claim is true, one of the orders is, and fails with the probability `false_alarms` at
    most: so does the claim. A wrong order is not seen. Orders of which these draws see no
    difference are tried once.

    Parameters
    ----------
    reading : Reading
        From `read`.
    claimed : SamplingLaw
        The claim; its order means nothing.
    **options
        Of `diagnose`.

    Returns
    -------
    OrdersTried
        The diagnosis in the order that fits best, and the verdict in each.

    Raises
    ------
    ValueError
        As `diagnose`.

    See Also
    --------
    diagnose : Hold a reading against a claim.
    Order : The order of temperature and truncations.

    Examples
    --------
    >>> import numpy as np
    >>> from boltzmann.language import Chain, draw
    >>> from boltzmann.thermometer import read
    >>> chain = Chain.preset("llama.cpp", temperature=0.5, top_k=None, top_p=0.8, min_p=None)
    >>> logits = -np.log(np.arange(1.0, 101.0))
    >>> reading = read(logits, draw(logits, size=5000, seed=1, chain=chain))
    >>> tried = diagnose_in_any_order(reading, SamplingLaw(0.5, top_p=0.8))
    >>> print(tried.diagnosis)
    holds: t = 0.5, top_p = 0.8, temperature last
    >>> tried.verdicts["llama.cpp"], tried.verdicts["vllm"]
    ('holds', 'fails')
    """
    claim = as_claim(claimed)
    if not claim.truncated or claim.temperature == 0:  # one law in every order
        diagnosis = diagnose(reading, claim, **options)
        return OrdersTried(diagnosis, dict.fromkeys(ORDERS, diagnosis.verdict))

    found: dict[Hashable, Diagnosis] = {}
    verdicts: dict[str, Verdict] = {}
    for engine, law in laws_of_engines(claim).items():
        # Of lists that are not whole, what a law keeps may be a guess that is right by chance.
        meaning = law.meaning if reading.evidence.partial else None
        key = (kept_counts(reading.evidence, law).tobytes(), meaning)
        if key not in found:
            found[key] = diagnose(reading, law, **options)
        verdicts[engine] = found[key].verdict

    slack = options.get("slack", 0.0)
    best = min(found.values(), key=lambda diagnosis: _misfit(reading, diagnosis, slack))
    return OrdersTried(best, verdicts)


def _misfit(reading: Reading, diagnosis: Diagnosis, slack: float) -> tuple[int, bool, float]:
    """Return what is less the better a diagnosis explains the draws.

    Where all fail, one that names another order than those claimed explains nothing.
    """
    rank = _RANK[diagnosis.verdict]
    hypothesis = Hypothesis(reading.evidence, diagnosis.law, slack)
    if not diagnosis.fault:
        return rank, False, -hypothesis.log_likelihood
    fitted = next((c.fitted for c in diagnosis.candidates if c.law == diagnosis.law), 0)
    explained = FaultHypothesis(diagnosis.fault, hypothesis, fitted)
    return rank, diagnosis.fault == "swapped_order", -explained.merit
