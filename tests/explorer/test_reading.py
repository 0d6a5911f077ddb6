"""The explorer can be read, reached and heard, on a phone and on a wall."""

import re

import pytest

from tests.support.explorer_page import VIEWS, law, replaced, until


def test_reduced_motion_moves_only_when_asked(visit):
    page = visit("", reduced_motion="reduce")
    page.wait_for_timeout(500)
    assert page.evaluate("explorer.world.sweeps") == 0
    assert page.locator("#play").is_disabled()
    assert "Step moves on" in page.locator("#still").inner_text()
    page.click("#step")

    assert page.evaluate("explorer.world.sweeps") == 4
    page.keyboard.press(" ")
    page.fill("#typed", "0.2")
    page.wait_for_timeout(200)
    assert page.evaluate("explorer.world.sweeps") in (
        4,
        8,
    )  # the space bar presses the focused Step
    assert law(page)["p"][0] > 0.99


# Each piece of text with its size, its colour over what lies behind it, and what that is.
TEXTS = """() => {
    const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const paint = (colours) => {
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const empty = !walker.currentNode.data.trim() || element.closest('script');
        if (empty || !element.checkVisibility()) continue;
        const behind = [];
        for (let e = element; e; e = e.parentElement) {
            behind.unshift(getComputedStyle(e).backgroundColor);
        }
        const style = getComputedStyle(element);
        const ink = element.closest('svg') ? style.fill : style.color;
        found.push({text: walker.currentNode.data.trim(), size: parseFloat(style.fontSize),
            ground: paint(['white', ...behind]), ink: paint(['white', ...behind, ink])});
    }
    const ground = paint([getComputedStyle(document.body).backgroundColor]);
    const {colour, size} = explorer.levels;
    for (const [ink, under] of [['ink', ground], ['quiet', ground], ['ink', paint([colour.faint])]])
        found.push({text: 'canvas ' + ink, size, ground: under, ink: paint([colour[ink]])});
    return found;
}"""


def luminance(rgb):
    """Return the relative luminance of WCAG 2.2."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def poor(texts):
    return [
        (t["text"], t["ink"], t["ground"]) for t in texts if contrast(t["ink"], t["ground"]) < 4.5
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_text_is_large_and_has_contrast_and_nothing_overflows(visit, view, scheme):
    page = visit("#t=inf&sweeps=40", viewport=VIEWS[view], color_scheme=scheme)
    page.fill("#typed", "-1")  # so that the complaint is there to be looked at too
    page.fill("#context", "ß")
    texts = page.evaluate(TEXTS)
    assert len(texts) > 60
    assert poor(texts) == []
    assert [t for t in texts if t["size"] < 14] == []
    width = VIEWS[view]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if view == "projector":
        assert page.evaluate("document.documentElement.scrollHeight") <= VIEWS[view]["height"]


@pytest.mark.parametrize(
    ("fragment", "options"),
    [("#context=ßüöäÄÖÜçéèàñ&sweeps=401", {}), ("#sweeps=60", {"reduced_motion": "reduce"})],
    ids=["many unknown letters", "reduced motion"],
)
def test_a_small_projector_need_not_scroll(visit, fragment, options):
    page = visit(fragment, viewport={"width": 1280, "height": 720}, **options)
    assert page.evaluate("document.documentElement.scrollHeight") <= 720
    assert page.locator("#unknown").inner_text().count("“") == (5 if "context" in fragment else 0)
    assert not page.locator("#hint").is_visible()


def test_on_a_large_screen_the_text_is_larger(visit):
    page = visit(viewport={"width": 3840, "height": 2160})
    assert page.evaluate("textSize()") > 25
    assert page.evaluate("document.documentElement.scrollHeight") <= 2160


@pytest.mark.parametrize("height", [720, 1080])
def test_no_line_of_the_text_is_cut(visit, height):
    page = visit("#sweeps=100", viewport={"width": 1280, "height": height})
    top, high, line = page.evaluate("""(({scrollTop, clientHeight}) =>
        [scrollTop, clientHeight, parseFloat(getComputedStyle(byId('text')).lineHeight)]
    )(byId('text'))""")
    assert top > line
    assert abs(top - line * round(top / line)) <= 1 and abs(high - line * round(high / line)) <= 1


@pytest.mark.parametrize("view", VIEWS)
def test_squares_at_zero_stand_clear_of_the_names(visit, view):
    page = visit("#t=0.05&sweeps=10", viewport=VIEWS[view])
    lowest, name, size = page.evaluate("""[
        Math.max(...[...document.querySelectorAll('#letters rect')].map((e) => e.getBBox().y + 14)),
        document.querySelector('.letter').y.baseVal[0].value,
        parseFloat(getComputedStyle(document.querySelector('.letter')).fontSize),
    ]""")
    assert lowest + 1.25 < name - 0.75 * size  # capitals are less than three quarters of the size


@pytest.mark.parametrize("width", [320, 360, 390, 430])
def test_on_a_phone_the_temperature_is_there_to_be_read(visit, width):
    page = visit("#t=0.0512&sweeps=1", viewport={"width": width, "height": 800})
    assert page.evaluate(
        "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(byId('typed'))"
    )
    typed, play = page.locator("#typed").bounding_box(), page.locator("#play").bounding_box()
    assert typed["width"] >= 83 and typed["x"] + typed["width"] <= width
    below = typed["y"] + typed["height"] <= play["y"]
    assert below or typed["x"] + typed["width"] <= play["x"]
    speed = page.locator("#speed").bounding_box()
    assert speed["x"] + speed["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_contrast_that_is_too_low_is_caught(visit):
    page = visit(
        change=replaced("--quiet: light-dark(#4a525c", "--quiet: light-dark(#8a929c"),
        color_scheme="light",
    )
    assert poor(page.evaluate(TEXTS))


def test_marks_stand_out_from_their_ground(visit):
    """WCAG asks 3:1 of what is not text: lines, dots, bars, arrows, borders."""
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme)
        colours = page.evaluate("""() => {
            const read = (name) => {
                document.body.style.outlineColor = `var(--${name})`;
                return [name, getComputedStyle(document.body).outlineColor];
            };
            return Object.fromEntries(['ground', 'ink', 'line', 'gas', 'given', 'taken'].map(read));
        }""")
        rgb = {
            name: [int(v) for v in re.findall(r"\d+", colour)[:3]]
            for name, colour in colours.items()
        }
        ground = rgb.pop("ground")
        assert {name: c for name, c in rgb.items() if contrast(c, ground) < 3} == {}, scheme


# The colours with a name that are met on the way through an arrow, and through the whisker of the
# first bar.
MET = """() => {
    const {canvas, colour, plan, size} = explorer.levels, {gas, law} = explorer.world;
    const named = ([name, c]) => [c.match(/[0-9]+/g).join(), name];
    const names = Object.fromEntries(Object.entries(colour).map(named));
    const {data, width} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const met = (x, y, reach) => {
        const found = [], at = (v) => Math.round(v * devicePixelRatio);
        for (let column = at(x - reach); column < at(x + reach); column++) {
            const k = 4 * (at(y) * width + column), name = names[data.slice(k, k + 3).join()];
            if (data[k + 3] && name && name !== found.at(-1)) found.push(name);
        }
        return found;
    };
    const shares = [...gas.counts].map((count) => count / PARTICLES);
    const error = Math.sqrt(shares[0] / PARTICLES);
    const top = Math.min(1, Math.ceil(10 * Math.max(...law.p, ...shares)) / 10);
    const y = plan.foot - ((shares[0] - error) / top) * (plan.foot - plan.barTop);
    const arrow = 0.52 * explorer.levels.width, whisker = plan.x[0] + plan.step / 2;
    return [met(arrow, plan.bath + 0.7 * size, 1.5 * size), met(whisker, y, 5)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_arrows_have_an_outline_and_whiskers_an_edge(visit, scheme):
    page = visit("#system=rotor&sweeps=100", color_scheme=scheme, device_scale_factor=4)
    page.click("#step")
    arrow, whisker = page.evaluate(MET)
    assert arrow == ["faint", "ink", "given", "ink", "faint"]
    assert whisker == ["gas", "ground", "ink", "ground", "gas"]


def test_forced_colours_leave_the_picture_and_the_track(visit):
    page = visit(forced_colors="active")
    assert len(set(page.evaluate("Object.values(explorer.levels.colour)"))) == 8
    assert page.evaluate("getComputedStyle(byId('slider')).forcedColorAdjust") == "none"


def test_everything_is_reached_by_tab_and_named(visit):
    page = visit("#system=levels of your own&sweeps=1")
    page.evaluate("document.activeElement.blur()")
    reached = set()

    for _ in range(20):
        page.keyboard.press("Tab")
        name, tag, outline = page.evaluate("""(({activeElement: e}) =>
            [e.id || e.getAttribute('aria-label'), e.tagName, getComputedStyle(e).outlineStyle]
        )(document)""")
        reached.add(name)
        assert outline != "none" or tag == "BODY"

    expected = {
        "slider",
        "typed",
        "play",
        "step",
        "reset",
        "speed",
        "system",
        "context",
        "seed",
        "theme",
    }
    assert expected | {f"energy of level {k}" for k in range(5)} <= reached
    unnamed = page.evaluate("""[...document.querySelectorAll(
            'input, select, button, canvas, [role=img]')]
        .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim()))
        .map((e) => e.outerHTML)""")
    assert unnamed == []


def test_listeners_are_told_once_the_slider_rests(visit):
    page = visit("#sweeps=1")
    page.fill("#typed", "0")
    until(page, "document.getElementById('live').textContent.startsWith('t = 0: entropy 0')")
