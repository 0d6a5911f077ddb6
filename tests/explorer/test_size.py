"""The explorer is small, quick, asks nothing of a network, and takes any text."""

import json
import re
from dataclasses import replace

import pytest

from experiments import explorer
from experiments.explorer import sources
from experiments.runner.table import Table
from tests.support.explorer_page import CONFIG, VIEWS, replaced
from tests.support.verdicts import failing


def test_a_page_that_asks_of_a_network_is_caught_and_refused(visit):
    visit(change=replaced("<main>", '<main><img alt="" src="http://127.0.0.1:9/x">'))
    assert any("Content Security Policy" in problem for problem in visit.problems)
    visit.problems.clear()


def test_page_is_small_and_cannot_reach_a_network(html):
    assert len(html.encode()) < explorer.MOST_BYTES
    assert explorer.ADDRESS.findall(html) == []
    assert "default-src 'none'" in html


@pytest.mark.parametrize(
    "bad",
    ["https://example.org", '<img src="x">', "url(x)", "@import 'x'", "fetch('x')", "import('x')"],
)
def test_an_address_would_be_seen(bad):
    assert explorer.ADDRESS.search(bad)


def test_a_frame_draws_each_particle_once_and_sets_few_colours(visit):
    """Work is counted, not timed: what a frame costs does not depend on the machine's load."""
    page = visit("#system=ladder&sweeps=4", viewport=VIEWS["projector"])
    drawn, colours = page.evaluate("""() => {
        const pen = explorer.levels.pen, counted = {rectangles: 0, colours: 0};
        const fill = pen.fillRect.bind(pen);
        pen.fillRect = (...place) => { counted.rectangles++; fill(...place); };
        const style = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(pen), "fillStyle");
        Object.defineProperty(pen, "fillStyle", {
            get: () => style.get.call(pen),
            set: (colour) => { counted.colours++; style.set.call(pen, colour); },
        });
        for (let k = 0; k < 10; k++) {
            explorer.frame(explorer.clock + 16.7);
            cancelAnimationFrame(explorer.request);
        }
        return [counted.rectangles / 10, counted.colours / 10];
    }""")
    assert 2000 <= drawn <= 2200
    assert colours <= 100


def test_an_address_in_a_text_is_data(tmp_path, monkeypatch):
    """Control: one in the page itself is counted."""
    path = tmp_path / "web.txt"
    path.write_text("See https://example.org, and import('x') of it. " * 50, encoding="utf-8")
    config = replace(explorer.QUICK, corpus=str(path))

    def failed():
        return failing(explorer.verdicts(explorer.compute(config, lambda fraction: None)))

    assert "https:" in explorer.page(config)
    assert failed() == set()
    monkeypatch.setattr(sources.plots, "BLUE", "url(https://example.org)")
    assert failed() == {"no_address"}


def test_any_text_makes_a_page(tmp_path):
    path = tmp_path / "greek.txt"
    path.write_text("θερμότητα και </script> γράμματα, μόρια και λέξεις. " * 8000, encoding="utf-8")
    made = explorer.page(explorer.Config(corpus=str(path), temperatures=(1.0,)))
    assert made.count("</script>") == 1 and len(made.encode()) < explorer.MOST_BYTES
    text = json.loads(re.search(r"const TEXT = (.*);", made)[1])
    assert len(text.encode()) == pytest.approx(CONFIG.bytes_of_text, abs=3)


@pytest.fixture(scope="module")
def quick():
    table = explorer.compute(explorer.QUICK, lambda fraction: None)
    assert failing(explorer.verdicts(table)) == set()
    return table


def spoiled(table, quantity, factor):
    values = table["value"].copy()
    hit = (
        (table["quantity"] == quantity)
        & (table["system"] == "rotor")
        & (table["temperature"] == 0.3)
    )
    assert hit.sum() == 1
    values[hit] *= factor
    return Table({**table.columns, "value": values})


@pytest.mark.parametrize(
    ("quantity", "keys"),
    [
        ("p 1", {"sum", "energies", "moments"}),
        ("U", {"free_energy", "moments"}),
        ("S", {"free_energy"}),
        ("C", {"moments"}),
        ("log Z", {"energies", "free_energy"}),
    ],
)
def test_identities_catch_a_wrong_value(quick, quantity, keys):
    assert failing(explorer.verdicts(spoiled(quick, quantity, 1 + 1e-6))) == keys
