"""What is computed of pages of text."""

import numpy as np
import pytest
from scipy.stats import ttest_ind_from_stats

from boltzmann.language import GPT2, stream
from experiments.shared import pages


@pytest.mark.parametrize("sign", [1, -1])
def test_welch_is_welch_for_two_means(sign):
    """Against SciPy's test of two samples of unequal variances, one-sided."""
    means, errors, sizes = np.array([3.0, 2.6]), np.array([0.1, 0.2]), np.array([8, 5])
    change, error, p = pages.welch(np.array([1.0, -1.0]), means, errors, sizes, sign)
    deviations = errors * np.sqrt(sizes)
    expected = ttest_ind_from_stats(
        *(means[0], deviations[0], sizes[0], means[1], deviations[1], sizes[1]),
        equal_var=False,
        alternative="greater" if sign > 0 else "less",
    )
    assert change == pytest.approx(0.4)
    assert error == pytest.approx(np.hypot(0.1, 0.2))
    assert p == pytest.approx(expected.pvalue, rel=1e-12)


def test_the_error_of_a_mean_of_pages_is_the_scatter_of_the_pages():
    mean, error = pages.mean_of_pages(np.array([1.0, 3.0, 4.0, 6.0]), 2)
    assert mean == 3.5
    assert error == pytest.approx(3 / 2)


@pytest.mark.parametrize("t", [0.0, 1.0])
def test_pages_of_a_transformer_are_written_in_one_pass_a_token(t, monkeypatch):
    model = GPT2.load("tiny", np.float64)
    alone = [list(stream(model, "The fire", 12, t, seed=seed)) for seed in (1, 2, 3)]
    expected = [model.all_logits([*model.encode("The fire"), *page])[1:-1] for page in alone]
    passes = []
    logits = model.logits
    monkeypatch.setattr(model, "logits", lambda ids: passes.append(len(ids)) or logits(ids))
    together, energies = pages.written(model, "The fire", 12, t, (1, 2, 3))
    assert together == alone
    assert passes == [3] * 12
    np.testing.assert_allclose(energies, -np.concatenate(expected), rtol=0, atol=1e-10)
