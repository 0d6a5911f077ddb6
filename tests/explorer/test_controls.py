"""The explorer does what slider, keys, boxes, buttons and links ask of it."""

import math
import re
from urllib.parse import unquote

import numpy as np
import pytest

import boltzmann as bz
from tests.support.explorer_page import (
    COUNTS,
    LEDGER,
    VIEWS,
    in_each_browser,
    law,
    settled_hash,
    state,
    until,
)


@in_each_browser
def test_ends_of_the_slider_are_the_limits(visit):
    page = visit("#system=ladder&sweeps=1")
    page.focus("#slider")
    page.keyboard.press("Home")
    assert state(page)["t"] == "0" and page.input_value("#typed") == "0"
    assert law(page)["p"] == [1, 0, 0, 0, 0, 0, 0, 0] and law(page)["S"] == 0

    page.keyboard.press("End")
    assert state(page)["t"] == "Infinity" and page.input_value("#typed") == "∞"
    assert law(page)["p"] == [1 / 8] * 8
    assert law(page)["S"] == pytest.approx(math.log(8), rel=1e-15) and law(page)["C"] == 0
    assert page.get_attribute("#slider", "aria-valuetext") == "t = ∞"
    page.keyboard.press("ArrowLeft")

    assert state(page)["t"] == "20"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert state(page)["t"] == "0.05"


@pytest.mark.parametrize(("t", "extreme"), [("0", max), ("Infinity", min)])
def test_ends_of_the_slider_are_the_limits_of_the_letters(visit, t, extreme):
    page = visit(f"#t={t}&sweeps=1")
    p = law(page)["p"]
    assert extreme(p) == (1 if t == "0" else 1 / len(p))


def test_arrow_keys_walk_the_whole_scale_and_back(visit):
    page = visit("#t=0&sweeps=1")
    up, down = page.evaluate("""[[0, 1], [Infinity, -1]].map(([t, direction]) => {
        const walk = [t], end = direction > 0 ? Infinity : 0;
        while (walk.length < 1000 && t !== end) walk.push(t = neighbourOf(t, direction));
        return walk.map(String);
    })""")

    assert (
        up == down[::-1]
        and len(up) == 403
        and up[:2] == ["0", "0.05"]
        and up[-2:] == ["20", "Infinity"]
    )
    values = [float(t) for t in up[1:-1]]
    assert values == sorted(values) and len(set(values)) == len(values)
    page.keyboard.press("ArrowLeft")
    assert state(page)["t"] == "0"
    page.focus("#slider")

    page.keyboard.press("ArrowUp")
    assert state(page)["t"] == "0.05"


@pytest.mark.parametrize(
    ("t", "key", "end"), [("1000", "ArrowLeft", "20"), ("0.001", "ArrowRight", "0.05")]
)
def test_from_beyond_the_scale_an_arrow_leads_to_its_end(visit, t, key, end):
    page = visit(f"#t={t}&sweeps=1")
    page.focus("#slider")
    page.keyboard.press(key)
    assert state(page)["t"] == end


@in_each_browser
def test_slider_is_dragged_by_pointer(visit):
    page = visit()
    box = page.locator("#slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, middle, steps=5)
    quarter = float(state(page)["t"])
    page.mouse.move(box["x"] - 50, middle)
    page.mouse.up()
    assert 0.1 < quarter < 0.4 and state(page)["t"] == "0"


def test_arrows_and_space_work_with_nothing_in_focus(visit):
    page = visit("")
    page.keyboard.press("ArrowRight")
    assert float(state(page)["t"]) > 1
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert float(state(page)["t"]) < 1
    page.keyboard.press(" ")
    assert page.locator("#play").inner_text() == "Play"
    sweeps = page.evaluate("explorer.world.sweeps")
    page.wait_for_timeout(200)
    assert page.evaluate("explorer.world.sweeps") == sweeps


def test_where_the_page_scrolls_arrows_with_nothing_in_focus_are_left_to_it(visit):
    page = visit("", viewport=VIEWS["phone"])
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert state(page)["t"] == "1" and page.locator("#play").inner_text() == "Pause"
    until(page, "scrollY > 0")


FOCUSED = ("#slider", "#play", "#system", "#speed", "summary", "#tour-dots a", "#typed")


@in_each_browser
@pytest.mark.parametrize("focused", FOCUSED)
def test_keys_of_a_presenter_work_whatever_has_the_focus(visit, focused):
    """Where one types, Home, End and Space are the box's own."""
    page = visit("#lecture=true&speed=1" if focused in ("#slider", "#play") else "")
    for step in (2, 3):  # the page opens with the first
        page.locator(focused).first.focus()
        page.keyboard.press("PageDown")
        assert state(page)["tour"] == step
    page.locator(focused).first.focus()
    page.keyboard.press("PageUp")
    assert state(page)["tour"] == 2
    if focused == "#typed":
        return
    for key, t in (("Home", "0"), ("End", "Infinity")):
        page.locator(focused).first.focus()
        page.keyboard.press(key)
        assert state(page)["t"] == t


@pytest.mark.parametrize("focused", ["#slider", "#play", "#system", "#tour-dots a", "body"])
def test_space_plays_in_a_lecture_whatever_has_the_focus(visit, focused):
    page = visit("#lecture=true")
    for word in ("Play", "Pause"):
        if focused != "body":
            page.evaluate(f"document.querySelector('{focused}').focus()")
        page.keyboard.press(" ")
        assert page.locator("#play").inner_text() == word


def test_a_button_that_was_clicked_leaves_space_to_play(visit):
    page = visit("")
    page.click("#settle")
    page.keyboard.press(" ")
    assert page.locator("#play").inner_text() == "Play"


def test_typed_temperatures(visit):
    page = visit()
    written = {
        " 0,7 ": "0.7",
        "-2": "-2",
        "−0,5": "-0.5",
        "-0": "0",
        "-inf": "Infinity",
        ".3": "0.3",
        "inf": "Infinity",
        "1e3": "1000",
        "∞": "Infinity",
        "1e-9": "1e-9",
        "0": "0",
        "0,125": "0.125",
        "1,25": "1.25",
    }

    for typed, t in written.items():
        page.fill("#typed", typed)
        assert state(page)["t"] == t
        assert page.get_attribute("#typed", "aria-invalid") == "false"


def test_what_is_no_temperature_is_refused_in_words(visit):
    page = visit()
    for typed in (
        "",
        "abc",
        "--1",
        "-",
        "-1,000",
        "1e400",
        "nan",
        "1 2",
        "0x10",
        "0b1",
        "1,2,3",
        "1,000",
        ".",
        "1e",
    ):
        page.fill("#typed", typed)
        assert state(page)["t"] == "1", typed
        assert page.get_attribute("#typed", "aria-invalid") == "true"
        assert "number, or ∞" in page.locator("#problem").inner_text()

    page.fill("#typed", "2")
    assert page.locator("#problem").inner_text() == "" and state(page)["t"] == "2"


def test_one_seed_gives_one_gas_and_what_is_no_seed_changes_nothing(visit):
    page, starts = visit(), []
    for typed, seed in (("7", 7), ("8", 8), ("x", 8), ("-1", 8), ("1.5", 8), ("", 8), ("7", 7)):
        page.fill("#seed", typed)
        assert state(page)["seed"] == seed
        starts.append(page.evaluate(COUNTS))
    assert starts[0] == starts[-1] != starts[1] and starts[1:6] == [starts[1]] * 5
    page.fill("#seed", "")
    page.focus("#slider")
    assert page.input_value("#seed") == "7"


def test_leaving_the_box_restores_what_was_refused(visit):
    page = visit()
    page.fill("#typed", "abc")
    page.focus("#slider")
    assert page.input_value("#typed") == "1"
    assert page.get_attribute("#typed", "aria-invalid") == "false"
    assert page.locator("#problem").inner_text() == ""


@in_each_browser
def test_a_level_is_dragged_by_mouse_and_by_keys(visit):
    page = visit("#system=levels of your own&sweeps=20")
    handle = page.locator("#handles button").nth(1)
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)

    page.mouse.down()
    page.mouse.move(x, y - 30, steps=6)
    page.mouse.up()
    energy = state(page)["levels"][1]
    assert energy > 0.6
    top = handle.bounding_box()["y"]

    assert top + 16 == pytest.approx(y - 30, abs=4)  # the level is where the pointer left it
    handle.focus()
    page.keyboard.press("ArrowUp")
    assert state(page)["levels"][1] == pytest.approx(energy + 0.1)
    assert float(handle.get_attribute("aria-valuenow")) == pytest.approx(energy + 0.1)
    boxes = page.locator("#boxes input[data-what=levels]")
    boxes.nth(1).fill("4")

    assert state(page)["levels"][1] == 4
    boxes.nth(1).fill("0")
    assert state(page)["levels"] == [0, 0, 1, 2, 3]
    np.testing.assert_allclose(law(page)["p"], bz.probabilities([0, 0, 1, 2, 3], 1.0), rtol=1e-12)
    gained, taken, given, work = page.evaluate(LEDGER)
    assert gained == pytest.approx(taken - given + work, abs=1e-6) and work != 0

    assert "+ work" in page.locator("#ledger").inner_text()


def test_levels_are_typed_added_removed_and_reset(visit):
    page = visit("#system=levels of your own&sweeps=20")
    page.locator("#boxes input[data-what=degeneracies]").nth(2).fill("7")
    expected = bz.probabilities(bz.EnergyLevels([0, 0.5, 1, 2, 3], [1, 1, 7, 1, 1]), 1.0)
    np.testing.assert_allclose(law(page)["p"], expected, rtol=1e-12)
    page.click("[data-remove='0']")
    page.click("#add")
    assert state(page)["levels"] == [0.5, 1, 2, 3, 4]
    assert state(page)["degeneracies"] == [1, 7, 1, 1, 1]
    for typed in ("-1", "5", "x", ""):
        page.locator("#boxes input").first.fill(typed)
        assert state(page)["levels"][0] == 0.5
        assert page.locator("#boxes input").first.get_attribute("aria-invalid") == "true"
    again = visit(settled_hash(page))
    assert again.evaluate(COUNTS) == page.evaluate(COUNTS)
    page.click("#usual")
    assert state(page)["levels"] == [0, 0.5, 1, 2, 3]
    assert state(page)["degeneracies"] == [1] * 5
    for _ in range(4):
        page.click("[data-remove='0']")
    assert page.locator("[data-remove='0']").is_disabled() and state(page)["levels"] == [3]


def test_a_link_carries_everything(visit):
    page = visit("")
    page.select_option("#system", "levels of your own")
    page.locator("#handles button").nth(4).press("Shift+ArrowDown")
    page.locator("#boxes input[data-what=degeneracies]").nth(0).fill("2")
    page.fill("#context", "heat & 5 % #")
    page.fill("#seed", "7")
    page.select_option("#speed", "16")

    page.click("#theme")
    page.keyboard.press("f")
    page.keyboard.press("F")
    page.fill("#typed", "inf")
    page.click("#step")
    page.click("#step")
    fragment = settled_hash(page)
    assert len(fragment) < 240

    again = visit(fragment)
    assert state(again) == state(page) | {"t": "Infinity"}
    assert (
        state(again)["levels"] == [0, 0.5, 1, 2, 2.5] and state(again)["context"] == "heat & 5 % #"
    )
    assert again.locator("#play").inner_text() == "Play"
    assert again.evaluate("explorer.world.sweeps") == page.evaluate("explorer.world.sweeps")
    assert again.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_link_to_a_moment_shows_that_moment(visit):
    page = visit("#t=0.6&system=rotor&sweeps=4")
    for _ in range(3):
        page.click("#step")
    again = visit(settled_hash(page))
    assert again.evaluate(COUNTS) == page.evaluate(COUNTS)
    assert again.evaluate("explorer.world.text") == page.evaluate("explorer.world.text")


MOMENT = """(({gas, drawn, text, changedAt}) => JSON.stringify([
    [...gas.levels], gas.taken, gas.given, [...drawn], text, changedAt,
]))(explorer.world)"""


@in_each_browser
def test_a_link_to_a_quench_shows_that_quench(visit):
    page = visit("#t=5&system=rotor&speed=1&sweeps=100")
    page.fill("#typed", "0.3")
    page.click("#step")
    fragment = settled_hash(page)
    assert fragment == "#t=0.3&system=rotor&speed=1&sweeps=104&from=5%3A100"
    again = visit(fragment)
    assert again.evaluate(MOMENT) == page.evaluate(MOMENT)
    assert again.locator("#gas-fit").inner_text().startswith("Relaxing: 4 of")
    again.fill("#typed", "inf")
    again.click("#step")
    third = visit(settled_hash(again))
    assert third.evaluate(MOMENT) == again.evaluate(MOMENT)
    third.click("#reset")
    assert settled_hash(third) == "#t=Infinity&system=rotor&speed=1&sweeps=0"


def test_a_link_retells_a_slider_that_was_drawn_while_the_gas_was_moving(visit):
    page = visit("#t=2")
    for t in ("1", "0.5", "0"):
        page.wait_for_timeout(120)
        page.fill("#typed", t)
    page.wait_for_timeout(120)
    page.click("#play")
    fragment = settled_hash(page)
    assert re.search(
        r"&from=2:\d+(\.\d{1,3})?,1:\d+(\.\d{1,3})?,0.5:\d+(\.\d{1,3})?$", unquote(fragment)
    )
    assert visit(fragment).evaluate(MOMENT) == page.evaluate(MOMENT)


@pytest.mark.parametrize(
    "deed",
    [
        "explorer.setLevel(1, 0.6)",
        "explorer.play(true), explorer.setContext('wind'), explorer.play(false)",
        "explorer.world.advanceTo(2001), explorer.play(false)",
        "for (let k = 2; k < 63; k++) { explorer.world.advance(0.1); explorer.setTemperature(k); }",
    ],
    ids=["a level", "a context", "too late", "too many changes"],
)
def test_where_no_link_leads_the_page_says_so(visit, deed):
    page = visit("#system=levels of your own&sweeps=8")
    assert page.locator("#unlinked").inner_text() == "" and "sweeps=8" in settled_hash(page)
    page.evaluate(deed)
    assert page.locator("#unlinked").inner_text() == "No link leads to this moment."
    fragment = settled_hash(page)
    assert "sweeps" not in fragment and "from" not in fragment
    page.click("#reset")
    assert page.locator("#unlinked").inner_text() == "" and "sweeps=0" in settled_hash(page)


def test_a_new_link_changes_a_box_in_focus(visit):
    page = visit()
    page.fill("#typed", "abc")
    settled_hash(page)
    page.evaluate("location.hash = '#t=3&sweeps=2'")
    until(page, "explorer.state.t === 3")
    assert page.input_value("#typed") == "3" and page.locator("#problem").inner_text() == ""


def test_a_link_to_the_beginning_opens_paused(visit):
    page = visit("#sweeps=8")
    page.click("#reset")
    fragment = settled_hash(page)
    assert fragment == "#sweeps=0"
    again = visit(fragment)
    again.wait_for_timeout(200)
    assert (
        again.evaluate("explorer.world.sweeps") == 0
        and again.locator("#play").inner_text() == "Play"
    )
    again.click("#play")
    again.click("#reset")
    assert settled_hash(again) == "" and again.locator("#play").inner_text() == "Pause"


def test_a_link_that_makes_no_sense_opens_the_usual_page(visit):
    page = visit("#t=x&system=moon&levels=1,5&seed=x&speed=3&theme=red&sweeps=-1&tour=9")
    usual = page.evaluate("JSON.stringify(defaults())")
    assert page.evaluate("JSON.stringify(explorer.state)") == usual

    for fragment in (
        "#",
        "#tour=0",
        "#lecture=yes",
        "#degeneracies=1,2",
        "#degeneracies=0,1,1,1,1",
        "#levels=0,1,2,3,nan",
        "#levels=0,1,2,3,",
        "#%%%&&==",
        "#constructor=1",
        "#system=constructor",
        "#sweeps=1e3",
        "#from=5:100",
        "#from=5",
        "#from=5:2,x:3",
        "#from=5:2,1:1",
        f"#from={','.join(f'1:{k}' for k in range(1, 62))}",
    ):
        assert page.evaluate(f"JSON.stringify(fromHash({fragment!r}))") == usual, fragment


def test_play_step_and_reset(visit):
    page = visit("#speed=1&sweeps=8")
    before = page.evaluate(COUNTS)
    page.click("#step")
    assert page.evaluate("explorer.world.sweeps") == 12
    assert page.evaluate(COUNTS) != before
    page.click("#reset")
    assert (
        page.evaluate("explorer.world.sweeps") == 0
        and page.evaluate("explorer.world.gas.taken") == 0
    )
    page.click("#play")
    until(page, "explorer.world.sweeps > 1")


def test_a_page_opened_again_and_again_still_draws_each_frame_once(visit):
    drawn = visit("").evaluate("""new Promise((resolve) => {
        const frame = explorer.frame.bind(explorer);
        let drawn = 0, frames = 0;
        explorer.frame = (now) => { drawn++; frame(now); };
        for (let k = 0; k < 3; k++) explorer.open(fromHash(''));
        const count = () => (++frames < 20 ? requestAnimationFrame(count) : resolve(drawn));
        requestAnimationFrame(count);
    })""")
    assert 19 <= drawn <= 21


def test_a_paused_page_shows_another_system_after_as_many_sweeps(visit):
    page = visit("#system=ladder&sweeps=150")
    page.select_option("#system", "rotor")
    page.fill("#context", "warm")
    assert page.evaluate("explorer.world.sweeps") == 150
    assert page.locator("#gas-fit").inner_text().startswith("At equilibrium")
    assert page.evaluate("sum([...explorer.world.drawn])") == 7500
    again = visit(settled_hash(page))
    assert again.evaluate(COUNTS) == page.evaluate(COUNTS)


def test_a_new_link_in_an_open_page_is_followed(visit):
    page = visit()
    settled_hash(page)  # else the page may write its own address between the link and its event
    page.evaluate("location.hash = '#t=3&system=rotor'")
    until(page, "explorer.state.system === 'rotor'")
    assert state(page)["t"] == "3"
