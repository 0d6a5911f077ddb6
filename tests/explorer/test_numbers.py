"""The explorer's numbers are Python's, to twelve digits, and a wrong one is told."""

import math
import re

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.language import NGram, load_corpus
from experiments import explorer
from experiments.explorer.golden import SYSTEMS, golden_boxes, golden_values
from tests.support.explorer_page import CONFIG, LEDGER, in_each_browser, law, replaced


@in_each_browser
def test_page_agrees_with_python_to_twelve_digits(visit):
    page = visit()
    text = page.locator("#check").inner_text()
    count = sum(len(golden.values) + golden.p.size for golden in golden_values(CONFIG))
    count += sum(2 + box.p.size for box in golden_boxes(CONFIG))
    assert text.startswith(f"✓ Self-check: {count} numbers agree")
    assert page.evaluate("explorer.check.worst") <= 1e-12


def mutated_golden(pick, factor):
    """Return a change of the page that multiplies one golden value."""

    def change(text):
        lines = text.splitlines()
        (row,) = [k for k, line in enumerate(lines) if line.startswith("  {...{") and pick in line]
        values = re.search(r"values: \[(.*)\]", lines[row])[1].split(", ")
        values[-1] = f"{float(values[-1]) * factor:.16e}"
        lines[row] = re.sub(r"values: \[.*\]", f"values: [{', '.join(values)}]", lines[row])
        return "\n".join(lines)

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            mutated_golden('"ladder", "letters": false, "t": 0.3', 1 + 2e-12),
            id="a share of the ladder",
        ),
        pytest.param(
            mutated_golden('"wind", "letters": true, "t": 1.0', 1 - 2e-12),
            id="the share of a letter",
        ),
        pytest.param(replaced("p: upperGamma(freedom / 2, statistic / 2)", "p: NaN"), id="a nan"),
        pytest.param(replaced("The kitchen was", "The kitchen wax"), id="a letter of the text"),
        pytest.param(
            replaced("Math.log(degeneracies[i]) - value", "-value"), id="the degeneracies"
        ),
        pytest.param(
            replaced("(energy - ground) / t", "(energy - ground) / (1.000000000001 * t)"), id="t"
        ),
        pytest.param(replaced("[0.5, 1, 1.5]", "[0.5, 1, 1.4]"), id="the fallback discounts"),
        pytest.param(replaced("const full = 5 ", "const full = 4 "), id="the pooling"),
        pytest.param(
            replaced("numerator = k * (a - k)", "numerator = k * (a + k)"),
            id="the continued fraction",
        ),
        pytest.param(
            replaced("(U - n)) / (U - n + N - 2)", "(U - n)) / (U - n + N - 1)"),
            id="a counted share",
        ),
        pytest.param(replaced("(U + N) / (U + 1)", "(U + N) / U"), id="the counted t"),
        pytest.param(replaced("U / (k + 1)", "U / (k + 2)"), id="the counted entropy"),
        pytest.param(
            replaced("series += term *= x / k", "series += term *= x / (k + 1)"), id="the series"
        ),
    ],
)
def test_page_says_when_it_disagrees(visit, change):
    page = visit(change=change)
    assert page.locator("#check").inner_text().startswith("✗ Self-check FAILS")


def test_page_of_another_text_agrees_too(visit, tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("Wärme 🔥 fließt. 水は温かい。\n" * 20 + load_corpus()[:2000], encoding="utf-8")
    config = explorer.Config(
        corpus=str(path), order=4, contexts=("🔥 fl", "水"), temperatures=(0.5, 1.0, math.inf)
    )
    page = visit(change=lambda _: explorer.page(config))
    assert page.locator("#check").inner_text().startswith("✓")
    assert page.input_value("#context") == "🔥 fl" and page.locator("#unknown").inner_text() == ""


LETTER_SHARES = """(({system: {ids}, law: {p}}) =>
    p.map((_, id) => p[ids.indexOf(id)]))(explorer.world)"""


def test_letters_after_a_typed_context_are_those_of_python(visit):
    page = visit("#t=0.7&sweeps=1")
    model = NGram.fit(load_corpus(), order=CONFIG.order)
    assert page.evaluate("explorer.model.alphabet") == list(model.alphabet)
    for context in ("heat", "w", "", "Kürze, the water"):
        page.fill("#context", context)
        known = "".join(letter for letter in context if letter in model.alphabet)
        expected = bz.softmax(model.logits(known) / 0.7)
        np.testing.assert_allclose(page.evaluate(LETTER_SHARES), expected, rtol=1e-12)
        assert "".join(page.locator("#text i").all_inner_texts()) == known
        assert ("never seen “K”, “ü”" in page.locator("#unknown").inner_text()) == ("ü" in context)


def test_random_words_are_those_of_sfc32(visit):
    """Against a transcription into integers of the generator as PractRand has it."""
    seed, stream, mask = 2**40 + 12345, 3, 2**32 - 1
    a, b, c, counter, words = seed & mask, seed >> 32, stream, 1, []
    for _ in range(15 + 1000):
        words.append((a + b + counter) & mask)
        a, b, counter = b ^ (b >> 9), (c + (c << 3)) & mask, (counter + 1) & mask
        c = (((c << 21) | (c >> 11)) + words[-1]) & mask
    made = f"Array.from({{length: 1000}}, randomStream({seed}, {stream}).word)"
    found = visit().evaluate(made)
    assert found == words[15:]


@pytest.mark.parametrize("name", [*SYSTEMS, "letters after …"])
def test_every_system_obeys_its_law_and_the_first_law(visit, name):
    page = visit()
    page.select_option("#system", "ladder")
    page.select_option("#system", name)
    page.fill("#typed", "0.5")
    page.click("#step")
    if name in SYSTEMS:
        expected = bz.probabilities(SYSTEMS[name], 0.5)
        np.testing.assert_allclose(law(page)["p"], expected, rtol=1e-12)
    gained, taken, given, work = page.evaluate(LEDGER)
    assert gained == pytest.approx(taken - given, abs=1e-6) and taken > 0 and work == 0
    assert page.locator("#gas-fit").inner_text().startswith(("Relaxing", "At equilibrium"))


def test_relaxation_is_that_of_the_chain(visit):
    """Against the second eigenvalue of the matrix: of the start a tenth of √5 particles are
    left.
    """
    page = visit("#system=rotor&sweeps=1")
    for t in (0.3, 1.0, 5.0):
        page.fill("#typed", str(t))
        values = np.linalg.eigvals(bz.transition_matrix(SYSTEMS["rotor"], t)).real
        sweeps = -math.log(10 * CONFIG.particles / math.sqrt(5)) / math.log(np.sort(values)[-2])
        assert page.evaluate("explorer.world.relaxation") == pytest.approx(sweeps, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "t"), [("ladder", 0), ("ladder", 0.05), ("levels of your own", 0)]
)
def test_where_one_particle_would_be_seen_the_relaxation_leaves_none(visit, name, t):
    """By the matrix: one particle in a million gases sits elsewhere than the law says, and no fewer
    sweeps do.
    """
    page = visit(f"#t={t}&system={name}&levels=0,0,1,2,3&sweeps=1")
    levels = bz.EnergyLevels([0, 0, 1, 2, 3]) if name == "levels of your own" else SYSTEMS[name]
    sweeps = math.ceil(page.evaluate("explorer.world.relaxation"))
    chain, start = (
        bz.transition_matrix(levels, t),
        np.full(levels.energies.size, 1 / levels.energies.size),
    )
    p = start @ np.linalg.matrix_power(chain, sweeps)
    left = CONFIG.particles * (p - bz.probabilities(levels, t)).clip(min=0).sum()
    assert 0.3e-6 < left <= 1e-6
