"""The committed figures: nothing is near their edges, and their curves are smooth."""

import numpy as np
import pytest
from PIL import Image, ImageSequence
from scipy.interpolate import PchipInterpolator

from boltzmann import plots
from experiments.drawings.curves import smooth
from experiments.runner.cli import FIGURES

MARGIN = 12  # pixels of a PNG; a projector may cut off what is nearer to the edge
PICTURES = sorted(path for path in FIGURES.iterdir() if path.suffix in (".png", ".gif"))


def margin(picture: Image.Image) -> int:
    """Return how many pixels are white along each edge, at least."""
    inked = np.asarray(picture.convert("L")) < 250
    across, down = (np.flatnonzero(inked.any(axis=axis)) for axis in (0, 1))
    return min(across[0], down[0], picture.width - 1 - across[-1], picture.height - 1 - down[-1])


@pytest.mark.parametrize("path", PICTURES, ids=[path.name for path in PICTURES])
def test_nothing_in_a_figure_is_near_an_edge(path):
    with Image.open(path) as image:
        least = MARGIN * image.width / (plots.DPI * plots.SIZE[0])
        assert min(margin(frame) for frame in ImageSequence.Iterator(image)) >= least


@pytest.mark.parametrize("edge", [(0, 20), (39, 20), (20, 0), (20, 59)])
def test_one_dark_pixel_at_an_edge_is_seen(edge):
    picture = Image.new("L", (40, 60), 255)
    picture.putpixel((20, 20), 0)
    assert margin(picture) == 19
    picture.putpixel(edge, 0)
    assert margin(picture) == 0


@pytest.mark.parametrize("count", [2, 3, 4, 20])
def test_a_smooth_curve_is_that_of_fritsch_and_butland(count):
    generator = np.random.default_rng(count)
    x, y = np.sort(generator.random(count)), generator.normal(size=count)
    places, heights = smooth(x, y)
    np.testing.assert_allclose(heights, PchipInterpolator(x, y)(places), rtol=0, atol=1e-12)


def test_a_smooth_curve_has_no_peak_that_its_points_have_not():
    x = np.array([0.0, 1.0, 1.1, 4.0, 5.0])
    _, heights = smooth(x, [0.0, 0.1, 3.0, 3.0, 3.1])
    assert np.all(np.diff(heights) >= -1e-12)
