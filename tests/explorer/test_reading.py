"""The explorer can be read, reached and heard, on a phone and on a wall."""

import re
from pathlib import Path

import pytest

from experiments.explorer import sources
from tests.support.explorer_page import VIEWS, in_each_browser, law, replaced, until

FIGURES = Path(__file__).parents[2] / "figures"


def test_reduced_motion_moves_only_when_asked_and_plays_by_steps(visit):
    page = visit("#speed=1", reduced_motion="reduce")
    begun = page.evaluate("explorer.world.sweeps")
    page.wait_for_timeout(500)
    assert page.evaluate("explorer.world.sweeps") == begun
    assert page.locator("#play").inner_text() == "Play"
    page.click("#step")
    assert page.evaluate("explorer.world.sweeps") == begun + 4

    page.fill("#typed", "0.1")
    assert law(page)["p"][0] > 0.95
    page.click("#play")
    until(page, f"explorer.world.sweeps >= {begun} + 12")
    told = page.evaluate("[explorer.world.sweeps, explorer.levels.particles.moved.includes(1)]")
    assert (told[0] - begun) % 4 == 0 and not told[1]  # whole steps, and nothing flies
    page.click("#play")
    rested = page.evaluate("explorer.world.sweeps")
    page.wait_for_timeout(1200)
    assert page.evaluate("explorer.world.sweeps") == rested


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
    page.fill("#typed", "abc")  # so that the complaint is there to be looked at too
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
    assert not page.locator("#own").is_visible()


@pytest.mark.parametrize("step", range(1, 9))
def test_no_step_of_the_tour_makes_a_small_projector_scroll(visit, step):
    page = visit(f"#tour={step}&sweeps=60", viewport={"width": 1280, "height": 720})
    assert page.evaluate("document.documentElement.scrollHeight") <= 720
    assert page.evaluate("byId('gas').clientHeight") >= 160


def test_every_axis_has_two_round_ticks_or_more(visit):
    ticks = visit().evaluate("""[[1.3, 2.95, 3], [0, 4.56, 1.9], [0, 0.07, 1], [-7.6, 0.5, 1],
        [0, 12, 6]].map(([low, high, count]) => roundTicks(low, high, count))""")
    assert ticks[:3] == [[1.5, 2, 2.5], [0, 2, 4], [0, 0.05]]
    assert ticks[3:] == [[-5, 0], [0, 2, 4, 6, 8, 10, 12]]


def test_a_text_whose_box_grows_again_shows_its_lines_again(visit):
    page = visit("#sweeps=600")
    lines = "document.querySelectorAll('#text div').length"
    before = page.evaluate(lines)
    for high, seen in (("1.45rem", 1), ("", before)):
        page.evaluate(f"byId('text').style.height = {high!r}")
        until(page, f"{lines} === {seen}")


def test_on_a_large_screen_the_text_is_larger(visit):
    page = visit(viewport={"width": 3840, "height": 2160})
    assert page.evaluate("textSize()") > 25
    assert page.evaluate("document.documentElement.scrollHeight") <= 2160


@in_each_browser
@pytest.mark.parametrize("height", [720, 1080])
def test_no_line_of_the_text_is_cut(visit, height):
    page = visit("#sweeps=600", viewport={"width": 1280, "height": height})
    top, high, line = page.evaluate("""(({scrollTop, clientHeight}) =>
        [scrollTop, clientHeight, parseFloat(getComputedStyle(byId('text')).lineHeight)]
    )(byId('text'))""")
    assert top == 0 and abs(high - line * round(high / line)) <= 1
    bottoms, floor = page.evaluate("""[
        [...document.querySelectorAll('#text div')].map((e) => e.getBoundingClientRect().bottom),
        byId('text').getBoundingClientRect().bottom,
    ]""")
    assert len(bottoms) == round(high / line) and max(bottoms) <= floor
    inside = "byId('text').scrollWidth <= byId('text').clientWidth"
    assert page.evaluate(inside)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("system", "names"), [("letters after …", "mW"), ("ladder", "7"), ("gas column", ["11"])]
)
def test_marks_at_zero_stand_clear_of_the_names(visit, view, system, names):
    page = visit(f"#t=0.05&system={system}&sweeps=10", viewport=VIEWS[view])
    for name in names:
        edge, mark = page.evaluate(f"""(({{plan, pen, size}}) => {{
            pen.font = `bold ${{size}}px ui-monospace, "DejaVu Sans Mono", monospace`;
            const reach = Math.min(plan.thick / 2, 0.5 * size);
            return [plan.name + pen.measureText("{name}").width, plan.left - reach];
        }})(explorer.levels)""")
        assert edge <= mark - 1.25


@pytest.mark.parametrize("width", [320, 360, 390, 430])
def test_on_a_phone_the_temperature_is_there_to_be_read(visit, width):
    page = visit("#t=0.0512&sweeps=1", viewport={"width": width, "height": 800})
    assert page.evaluate(
        "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(byId('typed'))"
    )
    typed, play = page.locator("#typed").bounding_box(), page.locator("#play").bounding_box()
    assert typed["width"] >= 80 and typed["x"] + typed["width"] <= width
    assert typed["x"] + typed["width"] <= play["x"] and play["x"] + play["width"] <= width
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
            const names = ['ground', 'ink', 'line', 'gas', 'into', 'out', 'sampler'];
            return Object.fromEntries(names.map(read));
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
    const {canvas, colour, plan, size, unit} = explorer.levels, {gas} = explorer.world;
    const named = ([name, c]) => [c.match(/[0-9]+/g).join(), name];
    const names = Object.fromEntries(Object.entries(colour).map(named));
    const {data, width} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const at = (v) => Math.round(v * devicePixelRatio);
    const met = (places) => {
        const found = [];
        for (const [x, y] of places) {
            const k = 4 * (at(y) * width + at(x)), name = names[data.slice(k, k + 3).join()];
            if (data[k + 3] && name && name !== found.at(-1)) found.push(name);
        }
        return found;
    };
    const along = (from, to, place) =>
        Array.from({length: 200}, (_, k) => place(from + (k / 199) * (to - from)));
    const level = gas.counts.length - 1, share = gas.counts[level] / PARTICLES;
    const y = plan.y[plan.rowOf[level]];
    const error = 2 * Math.sqrt((share * (1 - share)) / PARTICLES);
    const arrow = 0.42 * explorer.levels.width, whisker = plan.left + (share + 0.5 * error) * unit;
    const middle = (plan.bath + explorer.levels.height) / 2;
    return [
        met(along(arrow - 1.5 * size, arrow + 1.5 * size, (x) => [x, middle - 0.3 * size])),
        met(along(y - 4, y + 4, (y) => [whisker, y])),
    ];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_arrows_have_an_outline_and_whiskers_an_edge(visit, scheme):
    page = visit("#t=-2&system=rotor&sweeps=100", color_scheme=scheme, device_scale_factor=4)
    page.click("#step")
    arrow, whisker = page.evaluate(MET)
    assert arrow == ["faint", "ink", "into", "ink", "faint"]
    assert [name for name in whisker if name != "gas"] == ["ground", "ink", "ground"]


def test_forced_colours_leave_the_picture_and_the_track(visit):
    page = visit(forced_colors="active")
    assert len(set(page.evaluate("Object.values(explorer.levels.colour)"))) == 9
    assert page.evaluate("getComputedStyle(byId('slider')).forcedColorAdjust") == "none"


def test_everything_is_reached_by_tab_and_named(visit):
    page = visit("#system=levels of your own&sweeps=1")
    page.evaluate("document.activeElement.blur()")
    reached = set()

    for _ in range(70):
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
        "settle",
        "lecture",
        "tour-next",
        "add",
        "usual",
    }
    assert expected | {f"energy of level {k}" for k in range(5)} <= reached
    words = ("sweep", "nats", "perplexity", "p-value", "bath", "law and sampler", "temperature")
    assert {f"What does {word} mean?" for word in words} <= reached
    unnamed = page.evaluate("""[...document.querySelectorAll(
            'input, select, button, canvas, [role=img]')]
        .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim()))
        .map((e) => e.outerHTML)""")
    assert unnamed == []


def test_listeners_are_told_once_the_slider_rests(visit):
    page = visit("#sweeps=1")
    page.fill("#typed", "0")
    until(page, "document.getElementById('live').textContent.startsWith('t = 0: entropy 0')")


SIZES = {
    "a wall": (1920, 1080),
    "a small projector": (1280, 720),
    "125 %": (1024, 576),
    "a tablet": (1024, 768),
    "a phone": (390, 844),
    "200 %": (640, 360),
}


@in_each_browser
@pytest.mark.parametrize("size", SIZES)
def test_levels_and_text_are_seen_together_and_the_controls_take_an_eighth(visit, size):
    width, height = SIZES[size]
    page = visit("#sweeps=60", viewport={"width": width, "height": height})
    bar = page.locator(".controls").bounding_box()
    assert bar["height"] <= 0.12 * height + 0.5
    top, bottom = (0, bar["y"]) if bar["y"] > height / 2 else (bar["y"] + bar["height"], height)
    for part in ("#gas", "#text", ".formula"):
        box = page.locator(part).bounding_box()
        if part == ".formula" and bar["y"] < height / 2:
            assert box["y"] >= 0 and box["y"] + box["height"] <= bar["y"]
            continue
        assert top <= box["y"] and box["y"] + box["height"] <= bottom, part
    for part in (".controls .name", ".cold", ".hot", "#typed", "#play"):
        assert page.locator(part).is_visible(), part


LECTURE = "#lecture=true&tour=3&sweeps=60"


@in_each_browser
def test_a_lecture_has_two_panels_in_large_type_and_nothing_that_distracts(visit):
    page = visit(LECTURE, viewport=VIEWS["projector"])
    assert [t for t in page.evaluate(TEXTS) if t["size"] < 28] == []
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    assert page.locator(".controls").bounding_box()["height"] <= 0.12 * 1080
    for part in ("#gas-fit", "#sampler-fit", "#ledger", "footer", "#curves", ".help"):
        assert not page.locator(part).first.is_visible(), part
    levels, text = page.locator("#gas").bounding_box(), page.locator("#text").bounding_box()
    assert levels["x"] + levels["width"] <= text["x"]
    assert levels["height"] > 600 and text["height"] > 200
    page.keyboard.press("f")
    assert page.locator("#gas-fit").is_visible()


@pytest.mark.parametrize("step", range(1, 9))
def test_the_answers_of_the_tour_leave_room_for_the_text_in_a_lecture(visit, step):
    page = visit(f"#lecture=true&tour={step}&sweeps=60", viewport=VIEWS["projector"])
    page.click("summary")
    line = page.evaluate("parseFloat(getComputedStyle(byId('text')).lineHeight)")
    until(page, f"byId('text').clientHeight >= 3 * {line}")
    box = page.locator("#tour").bounding_box()
    assert box["y"] + box["height"] <= 1080
    assert not page.locator("#tour-drag").is_visible()
    page.keyboard.press("PageDown")
    assert page.locator("#tour-drag").is_visible() or step == 8


def test_each_step_of_the_tour_is_a_link_and_asks_first(visit):
    page = visit("#tour=1&sweeps=20")
    titles = set()
    for step in range(1, 9):
        again = visit(f"#tour={step}")
        titles.add(again.locator("#tour-title").inner_text())
        for part in ("#tour-predict", "#tour-drag"):
            assert len(again.locator(part).inner_text()) > 20
        assert not again.locator("#tour-compare").is_visible()
        again.click("summary")
        assert again.locator("#tour-compare").is_visible()
        again.close()
    assert len(titles) == 8
    page.click("#tour-dots a:nth-child(5)")
    until(page, "explorer.state.system === 'two levels'")
    assert page.locator("#tour-dots a[aria-current]").inner_text() == "5"


@pytest.mark.parametrize("fragment", ["#sweeps=20", "#system=closed box&sweeps=20"])
def test_every_question_mark_has_an_answer(visit, fragment):
    page = visit(fragment)
    marks = page.locator(".help:visible")
    assert marks.count() >= 9
    for k in range(marks.count()):
        mark = marks.nth(k)
        mark.click()
        assert len(page.locator("#meaning-text").inner_text()) > 40
        assert page.locator("#meaning").is_visible()
        page.keyboard.press("Escape")
        assert not page.locator("#meaning").is_visible()


def test_page_names_its_makers_its_licences_and_the_course(visit):
    page = visit()
    about = page.locator(".about").inner_text()
    assert "The boltzmann developers" in about and "MIT" in about and "CC BY 4.0" in about
    links = page.locator(".about a")
    for k in range(links.count()):
        target = (FIGURES / links.nth(k).get_attribute("href")).resolve()
        assert target.is_file(), target


YOUNG = ("light-dark(", "unknown-function(")


def without_light_dark(text):
    assert YOUNG[0] in text
    return text.replace(*YOUNG)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_without_light_dark_shows_the_page(visit, scheme):
    page = visit("#t=0.7&sweeps=40", change=without_light_dark, color_scheme=scheme)
    assert poor(page.evaluate(TEXTS)) == []
    assert len(set(page.evaluate("Object.values(explorer.levels.colour)"))) == 9
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


YOUNGER = (
    r"color-mix\(|:has\(|\.at\(-|findLast|Object\.hasOwn|structuredClone|toSorted|<dialog|popover"
)


def test_page_uses_nothing_that_browsers_learned_after_2021():
    """But for light-dark(), which stands behind @supports."""
    page = sources.filled("")
    assert re.findall(YOUNGER, page) == []
    before, after = page.split("@supports (color: light-dark(white, black))")
    assert "light-dark(" not in before.replace("know light-dark()", "")
    assert after.count("light-dark(") > 8


def test_a_picture_keeps_its_size_while_words_change(visit):
    page = visit("#system=levels of your own&sweeps=60", viewport={"width": 1280, "height": 720})
    high = page.evaluate("byId('gas').clientHeight")
    for deed in ("setTemperature(0)", "setLevel(0, 2)", "setTemperature(-1)", "step()"):
        page.evaluate(f"explorer.{deed}")
        assert page.evaluate("byId('gas').clientHeight") == high, deed
