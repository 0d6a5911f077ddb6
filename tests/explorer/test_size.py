"""The explorer is small, quick, asks nothing of a network, and takes any text."""

import json
import re
from dataclasses import replace

import pytest

from experiments import explorer
from tests.support.explorer_page import CONFIG, VIEWS, replaced


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


def test_a_frame_of_two_thousand_particles_leaves_time_to_spare(visit, record_property):
    """At 60 frames a second each may take 16.7 ms, drawing by software and on a busy machine included."""
    page = visit("#system=ladder", viewport=VIEWS["projector"])
    milliseconds = page.evaluate("""() => {
        explorer.play(false);
        const start = performance.now();
        for (let k = 0; k < 120; k++) {
            cancelAnimationFrame(explorer.request);
            explorer.clock = start + k * 16.7 - 16.7;
            explorer.frame(start + k * 16.7);
        }
        return (performance.now() - start) / 120;
    }""")
    record_property("milliseconds a frame", milliseconds)
    assert milliseconds < 16.7


def test_an_address_in_a_text_is_data(tmp_path, monkeypatch):
    """Control: one in the page itself is counted."""
    path = tmp_path / "web.txt"
    path.write_text("See https://example.org, and import('x') of it. " * 50, encoding="utf-8")
    config = replace(explorer.QUICK, corpus=str(path))
    claim = "the page names no address that it could load from"

    def holds():
        verdicts = explorer.verdicts(explorer.compute(config, lambda fraction: None))
        return {verdict.claim: verdict.holds for verdict in verdicts}[claim]

    assert "https:" in explorer.page(config) and holds()
    monkeypatch.setattr(explorer.plots, "BLUE", "url(https://example.org)")
    assert not holds()


def test_any_text_makes_a_page(tmp_path):
    path = tmp_path / "greek.txt"
    path.write_text("θερμότητα και </script> γράμματα, μόρια και λέξεις. " * 8000, encoding="utf-8")
    made = explorer.page(explorer.Config(corpus=str(path), temperatures=(1.0,)))
    assert made.count("</script>") == 1 and len(made.encode()) < explorer.MOST_BYTES
    text = json.loads(re.search(r"const TEXT = (.*);", made)[1])
    assert len(text.encode()) == pytest.approx(CONFIG.bytes_of_text, abs=3)


def spoiled(table, quantity, factor):
    values = table["value"].copy()
    hit = (
        (table["quantity"] == quantity)
        & (table["system"] == "rotor")
        & (table["temperature"] == 0.3)
    )
    assert hit.sum() == 1
    values[hit] *= factor
    return explorer.Table({**table.columns, "value": values})


@pytest.mark.parametrize(
    ("quantity", "failing"), [("p 1", 3), ("U", 2), ("S", 1), ("C", 1), ("log Z", 2)]
)
def test_identities_catch_a_wrong_value(quantity, failing):
    table = explorer.compute(explorer.QUICK, lambda fraction: None)
    assert all(v.holds for v in explorer.verdicts(table))
    wrong = explorer.verdicts(spoiled(table, quantity, 1 + 1e-6))
    assert sum(not v.holds for v in wrong) == failing
