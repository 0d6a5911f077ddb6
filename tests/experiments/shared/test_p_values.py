"""The p-values of pulls, against the distributions of SciPy."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.stats import chi2, norm

from experiments.shared import p_values


def test_p_values_of_pulls_are_those_of_chi_square_and_of_both_tails():
    pulls = np.array([-3.0, -0.1, 0.0, 2.5, 8.0])
    for n in range(1, 6):
        few = pulls[:n]
        assert_allclose(p_values.of_squares(few), chi2.sf(few @ few, n), rtol=1e-13)
    assert_allclose(p_values.of_either_sign(pulls), 2 * norm.sf(np.abs(pulls)), rtol=1e-13)
