"""Hypothesis strategies for logits, steps and chains.

Logits are multiples of 1/4, so that sums and differences are exact and ties are frequent."""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from boltzmann.language import (
    Chain,
    Epsilon,
    MinP,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    Typical,
)

INF = math.inf
few = settings(max_examples=60, deadline=None)

quarters = st.integers(-40, 40).map(lambda n: n / 4)
logit_lists = st.lists(st.one_of(quarters, st.just(-INF)), min_size=1, max_size=9).filter(
    lambda logits: max(logits) > -INF
)
fractions = st.floats(0.01, 1)
truncations = st.one_of(
    st.integers(1, 12).map(TopK),
    fractions.map(TopP),
    fractions.map(MinP),
    fractions.map(Typical),
    fractions.map(Epsilon),
)
temperatures = st.sampled_from([0, 5e-324, 0.1, 0.7, 1, 2.5, 1e300, INF]).map(Temperature)
penalties = st.sampled_from([1e-300, 0.5, 1, 1.3, 1e6, 1e308]).map(RepetitionPenalty)
chains = st.lists(st.one_of(truncations, temperatures, penalties), max_size=5).map(Chain)


def allowed_tokens(logits):
    """Return the set of tokens above -inf."""
    return set(np.flatnonzero(np.asarray(logits) > -INF).tolist())
