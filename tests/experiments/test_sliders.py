"""A slider draws its law anew; without widgets, its picture is there."""

import io
import sys
import types

import numpy as np
import pytest
from PIL import Image

from experiments.runner import cli as runner
from experiments.runner import sliders

names = pytest.mark.parametrize("name", list(sliders.SLIDERS))
TITLE = 40  # pixels from the top


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float)


@names
def test_every_knob_changes_the_picture_and_nothing_else_does(name):
    assert name in runner.discovered() and sliders.SLIDERS[name].asks.endswith("?")
    still = sliders.still(name)
    assert sliders.still(name) == still and pixels(still).shape == (320, 640, 3)
    knobs = sliders.SLIDERS[name].knobs
    first = {knob.name: knob.first for knob in knobs}
    for knob in knobs:
        assert knob.least <= knob.first <= knob.most
        for value in (knob.least, knob.most):
            if value != knob.first:
                changed = sliders.picture(name, **(first | {knob.name: value}))
                difference = np.abs(pixels(changed) - pixels(still))[TITLE:]
                assert difference.max() > 100, "what is drawn, and not only the title"


class Shown(list):
    """What a notebook displays, and its updates."""

    def display(self, what, display_id=False):
        self.append(what)
        return types.SimpleNamespace(update=lambda image: self.append(image))


@pytest.fixture
def notebook(monkeypatch):
    shown = Shown()
    page = types.SimpleNamespace(Image=bytes, display=shown.display)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=page))
    monkeypatch.setitem(sys.modules, "IPython.display", page)
    return shown


def test_without_widgets_the_picture_is_there(notebook, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    sliders.show("bottle")
    assert list(notebook) == [sliders.still("bottle")]


def test_with_widgets_dragging_draws_anew(notebook, monkeypatch):
    made = []

    class FloatSlider:
        def __init__(self, description, min, max, value, step):
            assert min <= value <= max and step > 0
            self.description, self.value = description, value
            made.append(self)

        def observe(self, function, names):
            self.moved = function

    monkeypatch.setitem(
        sys.modules, "ipywidgets", types.SimpleNamespace(FloatSlider=FloatSlider, VBox=list)
    )
    sliders.show("bottle")
    made[1].value = 2.0
    made[1].moved({"new": 2.0})
    assert notebook[0] == sliders.still("bottle") and notebook[1] == made
    assert notebook[2] == sliders.picture("bottle", t=0.2, gravity=2.0)
