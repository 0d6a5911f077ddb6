"""The experiment on letters: what its configuration asks for can be computed and drawn."""

from dataclasses import replace

import pytest

from experiments import letters


@pytest.mark.parametrize("count", [1, 6, 9])
def test_any_number_of_temperatures_can_be_drawn(count):
    temperatures = tuple(0.5 * (k + 1) for k in range(count))
    config = replace(
        letters.QUICK, contexts=("wind",), temperatures=temperatures, particles=200, draws=200
    )
    figure = letters.draw(letters.compute(config, lambda fraction: None))
    names = [text for text in figure.axes[0].texts if text.get_text().startswith("t = ")]
    assert [text.get_text() for text in names] == [f"t = {t:g}" for t in temperatures]
    assert len({text.get_color() for text in names}) == count
    figure.canvas.draw()
