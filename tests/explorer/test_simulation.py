"""What moves in the explorer obeys Metropolis's rule, and what it shows and says of it is so."""

import math

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.language import NGram, generate, load_corpus
from boltzmann.statistics import goodness_of_fit
from experiments.explorer.golden import SYSTEMS
from tests.support.explorer_page import (
    CONFIG,
    COUNTS,
    FALSE_ALARM,
    VIEWS,
    law,
    replaced,
    until,
)

ALL_ON_ONE = "At equilibrium: one level holds all, as the law says."
TOO_WILLING = ("random.uniform() >= ratio", "random.uniform() >= ratio + 0.01")


def test_at_zero_one_level_holds_all_whatever_the_seed(visit):
    """Ten gases, each looked at as soon as it is said to be at equilibrium: one in 1e5 pages
    fails.
    """
    told = visit("#t=0&system=ladder&sweeps=1").evaluate("""Array.from({length: 10}, (_, seed) => {
        const world = new World({...explorer.state, seed}, explorer.model);
        world.advanceTo(Math.ceil(world.relaxation));
        return fitInWords(world.gas.counts, world.law.p, world.sweeps, world.relaxation);
    })""")
    assert told == [ALL_ON_ONE] * 10


def test_at_equilibrium_a_small_p_is_as_rare_as_it_says(visit):
    """The ladder at t = 0.2, where bins expect few: of 400 gases, each looked at as soon as it is
    said to be so, 4 should have p < 0.01. The seeds are fixed. Were √N/10 left of the start, 36
    would have it, and 19 or fewer once in a thousand."""
    page = visit("#t=0.2&system=ladder&sweeps=1")
    rare = page.evaluate("""Array.from({length: 400}, (_, seed) => {
        const {system, law, relaxation} = explorer.world;
        const gas = new Gas(system.energies, system.degeneracies, PARTICLES, randomStream(seed, 1));
        gas.attempt(PARTICLES * Math.ceil(relaxation), 0.2);
        return goodnessOfFit([...gas.counts], law.p).p < 0.01;
    }).filter(Boolean).length""")
    assert rare <= 19


def test_letters_at_zero_relax_until_all_are_the_likeliest(visit):
    told = visit("#t=0&sweeps=1").evaluate("""Array.from({length: 10}, (_, seed) => {
        const world = new World({...explorer.state, seed}, explorer.model);
        world.advanceTo(Math.ceil(world.letterRelaxation));
        return lettersInWords(world);
    })""")
    assert all("simulation p\u00a0=\u00a01.0" in words for words in told)


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("#t=0&system=ladder&sweeps=46", "Relaxing: 46 of 161 sweeps"),
        ("#t=0&system=ladder&sweeps=200", ALL_ON_ONE),
        ("#t=0.05&system=ladder&sweeps=200", ALL_ON_ONE),
        (
            "#t=0.15&system=two levels&sweeps=60",
            "At equilibrium: all but 2 are on one level, by the law all but 2.5.",
        ),
    ],
)
def test_a_cold_gas_is_told_as_it_is(visit, fragment, words):
    assert visit(fragment).locator("#gas-fit").inner_text().startswith(words)


@pytest.mark.parametrize("counts", [[2000, 0], [0, 2000]])
def test_all_on_one_level_is_not_the_law_where_the_law_puts_some_elsewhere(visit, counts):
    words = visit().evaluate(f"fitInWords({counts}, [0.99875, 0.00125], 2, 1)")
    assert f"all but {counts[1]} are on one level, by the law all but 2.5." in words


@pytest.mark.parametrize(
    ("t", "gas", "letters"),
    [
        (
            "0",
            "At equilibrium: p\u00a0=\u00a00.",
            "simulation p\u00a0=\u00a00, sampler p\u00a0=\u00a01.0.",
        ),
        (
            "0.05",
            "At equilibrium: all but 142 are on one level, by the law all but 0.0.",
            "simulation untested, sampler p",
        ),
    ],
)
def test_a_broken_gas_is_not_excused_in_the_cold(visit, t, gas, letters):
    """Control: moves up are taken one time in a hundred too often."""
    page = visit(f"#t={t}&system=ladder&sweeps=200", change=replaced(*TOO_WILLING))
    assert page.locator("#gas-fit").inner_text().startswith(gas)
    assert page.locator("#letters-fit").inner_text().split("law: ")[1].startswith(letters)


@pytest.mark.parametrize(
    ("name", "t"),
    [
        ("two levels", 0.7),
        ("ladder", 2),
        ("rotor", 1.5),
        ("gas column", 1),
        ("levels of your own", 20),
    ],
)
def test_gas_obeys_the_law(visit, name, t):
    """False alarms: none, the seed is fixed (1e-6 otherwise). The smallest errors seen: see the
    controls below.
    """
    page = visit(f"#t={t}&system={name}&sweeps=150")
    p = bz.probabilities(SYSTEMS[name], t)
    assert goodness_of_fit(page.evaluate(COUNTS), p).p_value >= FALSE_ALARM
    assert page.locator("#gas-fit").inner_text().startswith("At equilibrium: χ²")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            replaced("Math.exp(-rise / t)", "Math.exp(-rise / (1.3 * t))"), id="30 % too hot"
        ),
        pytest.param(
            replaced("(degeneracies[to] / degeneracies[from]) *", ""), id="without degeneracies"
        ),
        pytest.param(
            replaced("random.uniform() >= ratio", "random.uniform() / 2 >= ratio"), id="too willing"
        ),
    ],
)
def test_a_wrong_gas_is_caught(visit, change):
    """Controls: with 2,000 particles on the rotor each is missed less often than 1e-6."""
    page = visit("#t=1.5&system=rotor&sweeps=150", change=change)
    p = bz.probabilities(SYSTEMS["rotor"], 1.5)
    assert goodness_of_fit(page.evaluate(COUNTS), p).p_value < FALSE_ALARM


def test_every_particle_has_its_turn(visit):
    """At t = ∞ a particle of the ladder stays for 60 sweeps less often than once in 1e54."""
    page = visit("#t=inf&sweeps=1")
    moved = """(() => {
        const moved = new Set();
        explorer.world.advance(60, (particle) => moved.add(particle));
        return moved.size;
    })()"""
    assert page.evaluate(moved) == 2000


def test_gas_of_letters_and_sampler_obey_the_law_and_a_hot_sampler_is_caught(visit):
    """80,000 draws see a temperature 5 % off: it is missed less often than once in a million."""
    page = visit("#t=0.7&sweeps=400")
    p = np.array(page.evaluate("explorer.world.letterLaw.p"))
    drawn = page.evaluate("[...explorer.world.drawn]")
    assert sum(drawn) == 80_000
    assert (
        goodness_of_fit(page.evaluate("[...explorer.world.letterGas.counts]"), p).p_value
        >= FALSE_ALARM
    )
    assert goodness_of_fit(drawn, p).p_value >= FALSE_ALARM
    assert goodness_of_fit(drawn, bz.temper(p, 1.05)).p_value < FALSE_ALARM


def test_at_zero_the_text_is_greedy_and_every_draw_the_likeliest(visit):
    page = visit("#t=0&context=heat&sweeps=40")
    model = NGram.fit(load_corpus(), order=CONFIG.order)
    written = generate(model, "heat", 120, temperature=0)
    assert (
        page.evaluate("explorer.world.text.map(({id}) => explorer.model.alphabet[id]).join('')")
        == "heat" + written
    )
    drawn = np.array(page.evaluate("[...explorer.world.drawn]"))
    assert drawn[model.logits("heat").argmax()] == drawn.sum() == 8000


def test_of_equals_at_zero_the_sampler_is_shown_and_said_to_take_the_first(visit):
    """The law gives each of two likeliest letters one half; a greedy draw is no draw from it."""
    page = visit("#t=0&context=The%20girl.%20&sweeps=60")
    assert sorted(page.evaluate("explorer.world.letterLaw.p"))[-2:] == [0.5, 0.5]
    words = page.locator("#letters-fit").inner_text()
    assert "simulation p" in words and words.endswith("; the sampler takes the first of 2 equals.")
    square, hundred = page.evaluate("""[
        document.querySelector('#letters rect').getBBox().y + 7,
        document.querySelectorAll('#letters .grid')[2].getBBox().y,
    ]""")
    assert square == pytest.approx(hundred, abs=0.1)
    assert page.locator("#letters text").nth(2).text_content() == "100 %"


def test_at_infinity_letters_are_equally_likely_and_each_as_surprising_as_the_model_says(visit):
    page = visit("#t=inf&context=heat&sweeps=60")
    drawn = page.evaluate("[...explorer.world.drawn]")
    assert goodness_of_fit(drawn, np.full(len(drawn), 1 / len(drawn))).p_value >= FALSE_ALARM
    model = NGram.fit(load_corpus(), order=CONFIG.order)
    text = page.evaluate("explorer.world.text")
    ids = [letter["id"] for letter in text]
    for k in range(4, len(text)):
        bits = -model.logits(ids[k - 4 : k])[ids[k]] / math.log(2)
        assert text[k]["bits"] == pytest.approx(bits, rel=1e-12)
    shade = page.locator("#text span").nth(10).get_attribute("style")
    assert float(shade.removeprefix("--bits:")) == pytest.approx(min(8, text[14]["bits"]), abs=0.06)


def test_a_change_begins_the_draws_anew(visit):
    page = visit("#sweeps=30")
    page.fill("#typed", "3")
    page.click("#step")
    assert page.evaluate("sum([...explorer.world.drawn])") == 800


def test_what_happens_does_not_depend_on_the_frames(visit):
    told = visit("#t=0.8&sweeps=1").evaluate("""() => {
        const tell = (parts) => {
            const world = new World(explorer.state, explorer.model);
            for (const part of parts) world.advance(part);
            const {gas, letterGas, drawn, text} = world;
            return [[...gas.levels], [...letterGas.counts], [...drawn], text];
        };
        const parts = [[30], [0.01, 0.49, 1.3, 20.2, 8], Array(300).fill(0.1)];
        return parts.map(tell).map((moment) => JSON.stringify(moment));
    }""")
    assert told[0] == told[1] == told[2]


def test_occupancies_of_a_page_that_plays_obey_the_law(visit):
    """It begins by the clock, so that the draws differ: a false alarm is one in a million."""
    page = visit("#system=ladder&t=1&speed=4", viewport=VIEWS["projector"])
    until(page, "explorer.world.sweeps > 1")
    page.evaluate("""() => {
        while (explorer.world.sweeps <= 112) {
            cancelAnimationFrame(explorer.request);
            explorer.frame(explorer.clock + 100);
        }
    }""")
    counts = page.evaluate(COUNTS)
    assert sum(counts) == 2000
    assert goodness_of_fit(counts, bz.probabilities(bz.ladder(8), 1.0)).p_value >= FALSE_ALARM
    until(page, "document.querySelector('#gas-fit').innerText.startsWith('At equilibrium')")


def test_a_change_of_temperature_is_said_to_relax(visit):
    page = visit("#t=5&sweeps=200")
    assert page.locator("#gas-fit").inner_text().startswith("At equilibrium")
    page.fill("#typed", "0.3")
    assert page.locator("#gas-fit").inner_text().startswith("Relaxing: 0 of")
    assert page.locator("#letters-fit").inner_text().endswith("relaxing.")


def test_only_what_changed_relaxes_anew(visit):
    page = visit("#system=levels of your own&sweeps=100")
    page.evaluate("explorer.setLevel(1, 0.6)")
    assert page.locator("#gas-fit").inner_text().startswith("Relaxing: 0 of")
    assert page.evaluate("sum([...explorer.world.drawn])") == 20_000
    assert "sampler p" in page.locator("#letters-fit").inner_text()
    page.evaluate("explorer.world.advance(60), explorer.world.setContext('wind'), explorer.draw()")
    assert page.locator("#gas-fit").inner_text().startswith("At equilibrium: χ²")
    assert page.locator("#letters-fit").inner_text().endswith("relaxing.")
    assert page.evaluate("sum([...explorer.world.drawn])") == 0


def test_dots_ride_on_the_curves_and_the_ring_is_the_measured_energy(visit):
    page = visit("#system=rotor&sweeps=100")
    for t in ("0.08", "0.5", "1", "7"):
        page.fill("#typed", t)
        assert page.evaluate("""[...document.querySelectorAll('#curves svg')].every((svg) => {
            const {cx, cy} = svg.querySelector('.dot');
            const dot = new DOMPoint(cx.baseVal.value, cy.baseVal.value);
            return svg.querySelector('.law').isPointInStroke(dot);
        })""")
    ring, axis, top = page.evaluate("""(({plots: [, {ring, y, top}]}) => [
        ring.cy.baseVal.value, y(0), y(top) - y(0)].concat(top))(explorer.curves)""")[:3]
    measured = page.evaluate("explorer.world.gas.energy() / 2000")
    highest = page.evaluate("explorer.curves.plots[1].top")
    assert (ring - axis) / top == pytest.approx(measured / highest, abs=1e-6)


def test_a_ring_above_the_curve_is_shown_where_it_is(visit):
    """Two levels begin with 9 % more energy than at t = ∞, four standard errors, for one seed in
    3e4.
    """
    page = visit("#t=inf&system=two levels&sweeps=0", viewport={"width": 1280, "height": 720})
    ring, expected = page.evaluate("""(({curves, world}) => {
        const {ring, y, top} = curves.plots[1];
        curves.draw({t: Infinity, law: world.law, gas: {energy: () => 1.09 * top, levels: [0]}});
        return [ring.cy.baseVal.value, y(1.09 * top)];
    })(explorer)""")
    assert (
        ring == pytest.approx(expected, abs=0.01) and ring >= 11.5
    )  # its radius and half of its stroke


def test_the_ring_of_a_lifted_gas_is_in_the_picture(visit):
    page = visit("#t=0&system=levels of your own&sweeps=120")
    page.evaluate("explorer.setLevel(0, 4)")
    ring, top = page.evaluate(
        "(({ring, top}) => [ring.cy.baseVal.value, top])(explorer.curves.plots[1])"
    )
    assert ring >= 11.5 and top == 4


# How high each bar stands by its topmost pixel in the colour of the gas, a quarter of its width
# from its left.
BARS = """() => {
    const {canvas, plan, colour} = explorer.levels, scale = devicePixelRatio;
    const [red, green, blue] = colour.gas.match(/[0-9]+/g).map(Number);
    const {data, width} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return plan.x.map((x) => {
        const column = Math.round((x + plan.gap + (plan.step - 2 * plan.gap) / 4) * scale);
        for (let y = Math.round((plan.barTop - 10) * scale); y < plan.foot * scale; y++) {
            const k = 4 * (y * width + column);
            if (data[k] === red && data[k + 1] === green && data[k + 2] === blue)
                return (plan.foot - y / scale) / (plan.foot - plan.barTop);
        }
        return 0;
    });
}"""


def test_bars_are_as_high_as_the_shares(visit):
    """To four pixels: an outline of two, blurred at both edges, may lie over the top of a bar."""
    page = visit("#system=rotor&t=1&sweeps=100", viewport=VIEWS["projector"])
    shares = np.array(page.evaluate(COUNTS)) / 2000
    top = min(1, math.ceil(10 * max(shares.max(), max(law(page)["p"]))) / 10)
    pixel = 1 / page.evaluate("explorer.levels.plan.foot - explorer.levels.plan.barTop")
    np.testing.assert_allclose(page.evaluate(BARS), shares / top, atol=4 * pixel)
