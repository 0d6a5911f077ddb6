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
    in_each_browser,
    law,
    replaced,
    settled_hash,
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
        world.settle();
        const fit = fitInWords(world.gas.counts, world.law.p, world.sweeps, world.relaxation);
        return [fit, samplerInWords(world)];
    })""")
    assert [gas for gas, _ in told] == [ALL_ON_ONE] * 10
    assert all("draws, p\u00a0=\u00a01.0" in sampler for _, sampler in told)


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
    ("t", "system", "gas"),
    [
        ("0", "ladder", "At equilibrium: p\u00a0=\u00a00."),
        (
            "0.05",
            "ladder",
            "At equilibrium: all but 142 are on one level, by the law all but 0.0.",
        ),
        ("0", "letters after …", "At equilibrium: p\u00a0=\u00a00."),
    ],
)
def test_a_broken_gas_is_not_excused_in_the_cold(visit, t, system, gas):
    """Control: moves up are taken one time in a hundred too often. The sampler is not blamed."""
    sweeps = 200 if system == "ladder" else 1400
    page = visit(f"#t={t}&system={system}&sweeps={sweeps}", change=replaced(*TOO_WILLING))
    assert page.locator("#gas-fit").inner_text().startswith(gas)
    assert "p\u00a0=\u00a01.0" in page.locator("#sampler-fit").inner_text() or t == "0.05"


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
    page = visit("#t=inf&system=ladder&sweeps=1")
    moved = """(() => {
        const {gas} = explorer.world, before = gas.levels.slice(), moved = new Set();
        for (let k = 0; k < 60; k++) {
            explorer.world.advance(1);
            gas.levels.forEach((level, k) => { if (level !== before[k]) moved.add(k); });
        }
        return moved.size;
    })()"""
    assert page.evaluate(moved) == 2000


def test_gas_of_letters_and_sampler_obey_the_law_and_a_hot_sampler_is_caught(visit):
    """80,000 draws see a temperature 5 % off: it is missed less often than once in a million."""
    page = visit("#t=0.7&sweeps=1600")
    p = np.array(page.evaluate("explorer.world.law.p"))
    drawn = page.evaluate("[...explorer.world.drawn]")
    assert sum(drawn) == 80_000
    assert (
        goodness_of_fit(page.evaluate("[...explorer.world.gas.counts]"), p).p_value >= FALSE_ALARM
    )
    assert goodness_of_fit(drawn, p).p_value >= FALSE_ALARM
    assert goodness_of_fit(drawn, bz.temper(p, 1.05)).p_value < FALSE_ALARM


def test_at_zero_the_text_is_greedy_and_every_draw_the_likeliest(visit):
    page = visit("#t=0&context=heat&sweeps=120")
    model = NGram.fit(load_corpus(), order=CONFIG.order)
    written = generate(model, "heat", 120, temperature=0)
    assert (
        page.evaluate("explorer.world.text.map(({id}) => explorer.model.alphabet[id]).join('')")
        == "heat" + written
    )
    drawn = np.array(page.evaluate("[...explorer.world.drawn]"))
    likeliest = page.evaluate(f"explorer.world.system.ids.indexOf({model.logits('heat').argmax()})")
    assert drawn[likeliest] == drawn.sum() == 6000


def test_of_equals_at_zero_the_sampler_is_shown_and_said_to_take_the_first(visit):
    """The law gives each of two likeliest letters one half; a greedy draw is no draw from it."""
    page = visit("#t=0&context=The%20girl.%20&sweeps=60")
    assert sorted(page.evaluate("explorer.world.law.p"))[-2:] == [0.5, 0.5]
    words = page.locator("#sampler-fit").inner_text()
    assert words == "The sampler takes the first of 2 equals."
    assert page.evaluate("explorer.levels.shares[0].sampler") == 1
    assert page.evaluate("explorer.levels.top") == 1


def test_at_infinity_letters_are_equally_likely_and_each_as_surprising_as_the_model_says(visit):
    page = visit("#t=inf&context=heat&sweeps=180")
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
            const {gas, drawn, text} = world;
            return [[...gas.levels], [...drawn], text];
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
    page = visit("#t=5&system=ladder&sweeps=200")
    assert page.locator("#gas-fit").inner_text().startswith("At equilibrium")
    page.fill("#typed", "0.3")
    assert page.locator("#gas-fit").inner_text().startswith("Relaxing: 0 of")
    page.click("#settle")
    assert page.locator("#gas-fit").inner_text().startswith("At equilibrium")
    again = visit(settled_hash(page))
    assert again.evaluate(COUNTS) == page.evaluate(COUNTS)


def test_only_what_changed_relaxes_anew(visit):
    page = visit("#system=levels of your own&sweeps=100")
    page.evaluate("explorer.setLevel(1, 0.6)")
    assert page.locator("#gas-fit").inner_text().startswith("Relaxing: 0 of")
    assert page.evaluate("sum([...explorer.world.drawn])") == 0
    assert page.evaluate("explorer.world.text.length") == 5 + 100
    page.evaluate("explorer.world.advance(60), explorer.world.setContext('wind'), explorer.draw()")
    assert page.locator("#gas-fit").inner_text().startswith("At equilibrium: χ²")
    assert page.evaluate("explorer.world.text.length") == 4
    assert page.evaluate("sum([...explorer.world.drawn])") == 3000


@in_each_browser
def test_dots_ride_on_the_curves_and_the_rings_are_what_the_gas_has(visit):
    page = visit("#system=rotor&sweeps=100")
    for t in ("0.08", "0.5", "1", "7"):
        page.fill("#typed", t)
        page.click("#settle")
        assert page.evaluate("""[...document.querySelectorAll('#curves svg')].every((svg) => {
            const {cx, cy} = svg.querySelector('.dot');
            const dot = new DOMPoint(cx.baseVal.value, cy.baseVal.value);
            return svg.querySelector('.law').isPointInStroke(dot);
        })""")
        counts = np.array(page.evaluate(COUNTS))
        energies, g = SYSTEMS["rotor"].energies, SYSTEMS["rotor"].degeneracies
        seen, f = counts > 0, counts / 2000
        measured = {
            "S": -(f[seen] * np.log(f[seen] / g[seen])).sum(),
            "U": f @ energies,
            "C": (f @ energies**2 - (f @ energies) ** 2) / float(t) ** 2,
        }
        for k, value in enumerate(measured.values()):
            ring, expected = page.evaluate(f"""(({{ring, y}}) =>
                [ring.cy.baseVal.value, y({value})])(explorer.curves.plots[{k}])""")
            assert ring == pytest.approx(expected, abs=1e-3)
            assert f"{value:.3f}" == page.locator(f"#gas-{'SUC'[k]}").inner_text()


def test_the_t_of_a_gas_and_of_draws_is_read_off_where_nobody_set_it(visit):
    """The t that fits best scatters by t / sqrt(N C): six of these, one in 1e9."""
    page = visit("#t=0.7&sweeps=300")
    for counts in ("gas.counts", "drawn"):
        found, total, C = (
            page.evaluate(f"""(({{system: {{energies, degeneracies}}, law, ...world}}) => {{
            const counts = [...world.{counts}], total = sum(counts);
            const mean = sum(counts.map((count, i) => (count * energies[i]) / total));
            return [temperatureOfMean(mean, energies, degeneracies), total, law.C];
        }})(explorer.world)""")
        )
        error = 0.7 / math.sqrt(total * C)
        assert error < 0.02 and abs(found - 0.7) < 6 * error
        assert abs(found - 0.7 * 1.2) > 6 * error  # 20 % off would be seen


@pytest.mark.parametrize("t", [-3.0, -0.4, 0.0, 0.2, 5.0, math.inf])
def test_the_t_of_a_mean_energy_is_the_t_that_has_it(visit, t):
    page = visit()
    U = float(bz.mean_energy(SYSTEMS["rotor"], t))
    found = page.evaluate(
        f"temperatureOfMean({U!r}, SYSTEMS.rotor.energies, SYSTEMS.rotor.degeneracies)"
    )
    assert found == (math.inf if math.isinf(t) else pytest.approx(t, rel=1e-6, abs=1e-9))


@pytest.mark.parametrize("name", [*SYSTEMS])
def test_negative_temperatures_are_those_of_the_package(visit, name):
    page = visit(f"#t=-1.5&system={name}&sweeps=150")
    p = bz.probabilities(SYSTEMS[name], -1.5)
    np.testing.assert_allclose(law(page)["p"], p, rtol=1e-12)
    assert law(page)["S"] == pytest.approx(bz.entropy(SYSTEMS[name], -1.5), rel=1e-12)
    assert law(page)["C"] == pytest.approx(bz.heat_capacity(SYSTEMS[name], -1.5), rel=1e-12)
    assert goodness_of_fit(page.evaluate(COUNTS), p).p_value >= FALSE_ALARM
    assert page.evaluate("sum([...explorer.world.drawn])") == 0
    assert "temperature of 0 or more" in page.locator("#sampler-fit").inner_text()


@pytest.mark.parametrize("name", ["rotor", "levels of your own"])
def test_the_sampler_draws_molecules_by_the_law(visit, name):
    page = visit(f"#t=0.8&system={name}&sweeps=400")
    drawn = page.evaluate("[...explorer.world.drawn]")
    assert sum(drawn) == 20_000
    assert goodness_of_fit(drawn, bz.probabilities(SYSTEMS[name], 0.8)).p_value >= FALSE_ALARM
    hot = bz.probabilities(SYSTEMS[name], 0.8 * 1.1)
    assert goodness_of_fit(drawn, hot).p_value < FALSE_ALARM


def test_a_ring_above_the_curve_is_in_the_picture(visit):
    """Two levels begin with 9 % more energy than at t = ∞, four standard errors, for one seed in
    3e4.
    """
    page = visit("#t=inf&system=two levels&sweeps=0", viewport={"width": 1280, "height": 720})
    ring, expected = page.evaluate("""(({curves, world}) => {
        const {ring, y} = curves.plots[1];
        curves.draw({...world, law: world.law, gas: {counts: [910, 1090]}});
        return [ring.cy.baseVal.value, y(0.545)];
    })(explorer)""")
    assert ring == pytest.approx(expected, abs=0.01) and ring >= 10


def test_the_ring_of_a_lifted_gas_is_in_the_picture(visit):
    page = visit("#t=0&system=levels of your own&sweeps=120")
    page.evaluate("explorer.setLevel(0, 4)")
    ring, top = page.evaluate(
        "(({ring, y, top}) => [ring.cy.baseVal.value, y(top)])(explorer.curves.plots[1])"
    )
    assert ring == pytest.approx(top, abs=1e-6) and ring >= 10


# How long each bar is by its rightmost pixel in the colour of the gas, along its first dots.
BARS = """() => {
    const {canvas, plan, colour, unit, particles} = explorer.levels, scale = devicePixelRatio;
    const [red, green, blue] = colour.gas.match(/[0-9]+/g).map(Number);
    const {data, width} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return plan.rows.map((_, row) => {
        const y = Math.round((plan.y[row] - plan.thick / 2 + 1) * scale);
        for (let x = Math.round((plan.left + plan.width) * scale); x > plan.left * scale; x--) {
            const k = 4 * (y * width + x);
            const off = [red, green, blue].map((value, c) => Math.abs(data[k + c] - value));
            if (sum(off) < 90) return (x / scale - plan.left) / unit;
        }
        return 0;
    });
}"""


@in_each_browser
def test_bars_are_as_long_as_the_shares(visit):
    """To a column of dots and four pixels."""
    page = visit("#system=rotor&t=1&sweeps=100", viewport=VIEWS["projector"])
    shares = np.array(page.evaluate(COUNTS)) / 2000
    unit, pitch = page.evaluate("[explorer.levels.unit, explorer.levels.particles.pitchX]")
    found = page.evaluate(BARS)
    np.testing.assert_allclose(found, shares, atol=(4 + pitch) / unit)


SEATS = """(({particles, plan}, {gas}) => {
    const taken = new Set();
    for (let k = 0; k < PARTICLES; k++) {
        if (particles.level[k] !== gas.levels[k]) return "not where it is";
        taken.add(`${plan.rowOf[gas.levels[k]]}:${particles.seat[k]}`);
    }
    const full = particles.rows.every((row, r) => row.length ===
        sum(plan.rows[r].map((level) => gas.counts[level])));
    return taken.size === PARTICLES && full ? "seated" : "two on a seat";
})(explorer.levels, explorer.world)"""


@pytest.mark.parametrize("speed", [0.25, 64])
def test_every_particle_has_a_seat_and_the_colour_of_what_it_did_in_this_frame(visit, speed):
    page = visit(f"#t=0.7&speed={speed}&sweeps=20")
    colours = """(() => {
        const {particles} = explorer.levels, before = [...explorer.world.gas.levels];
        const {energies} = explorer.world.gas;
        cancelAnimationFrame(explorer.request);
        explorer.frame(explorer.clock + 16.7);
        cancelAnimationFrame(explorer.request);
        let moved = 0;
        explorer.world.gas.levels.forEach((level, k) => {
            if (level === before[k]) return;
            const rise = energies[level] - energies[before[k]];
            moved += particles.moved[k] === 1 && particles.rise[k] === rise ? 1 : -1e6;
        });
        return moved;
    })()"""
    page.click("#play")
    moved = [page.evaluate(colours) for _ in range(5)]
    assert min(moved) >= 0 and max(moved) > 0
    assert page.evaluate(SEATS) == "seated"


def test_levels_stand_at_their_energies_and_rows_stay_apart(visit):
    """A mark is at its energy; rows keep order and distance and lie within the picture."""
    for fragment in ("#t=0.7&sweeps=1", "#system=gas column&sweeps=1", "#system=rotor&sweeps=1"):
        page = visit(fragment)
        listed, energies, y, rows, thick, head, foot = page.evaluate("""(({plan}, {system}) => {
            const rows = plan.rows.filter((_, row) => row !== plan.others);
            const energies = rows.map(([level]) => system.energies[level]);
            const {y, thick, head, foot} = plan;
            return [rows.length, energies, energies.map(plan.yOf), y, thick, head, foot];
        })(explorer.levels, explorer.world)""")
        assert listed >= 4 and energies == sorted(energies)
        slope = np.polyfit(energies, y, 1)
        np.testing.assert_allclose(np.polyval(slope, energies), y, atol=1e-6)
        assert np.diff(rows).max() < -thick
        assert min(rows) - thick / 2 >= head - 1 and max(rows) + thick / 2 <= foot + 1


def test_all_letters_are_in_a_row(visit):
    page = visit("#t=5&sweeps=200")
    shares, names = page.evaluate("[explorer.levels.shares, explorer.levels.names]")
    for road in ("gas", "law", "sampler"):
        assert sum(row[road] for row in shares) == pytest.approx(1, abs=1e-12)
    size = page.evaluate("explorer.model.alphabet.length")
    assert names[-1] == f"{size - len(names) + 1} others"


def test_words_of_the_text_stand_still(visit):
    """Line by line: what is shown later begins with lines that were shown before."""
    page = visit("#t=1&sweeps=100", viewport={"width": 390, "height": 844})
    shown = "[...document.querySelectorAll('#text div')].map((line) => line.textContent)"
    before, dropped = page.evaluate(shown), 0
    for _ in range(60):
        page.evaluate("explorer.world.advance(7), explorer.draw()")
        after = page.evaluate(shown)
        kept = [line for line in before[:-1] if line in after]
        gone = len(before) - 1 - len(kept)
        assert after[: len(kept)] == before[gone:-1]
        assert after[len(kept)].startswith(before[-1].rsplit(" ", 1)[0]) or len(kept) == 0
        before, dropped = after, dropped + gone
    assert dropped > 5
