"""The site: formulas become MathML, links lead to pages, and what leads nowhere is seen."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def modules_of_the_site(monkeypatch):
    """Let the modules that build the site be imported, as its program does."""
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "site"))
    yield
    for name in ("course_map", "lessons", "links", "mathml", "reference", "sources"):
        sys.modules.pop(name, None)


@pytest.fixture
def site(tmp_path):
    """Two pages whose links hold."""
    (tmp_path / "index.html").write_text(
        '<a href="deep/other.html#end">other</a><img src="law.svg"><a href="https://example.org">'
    )
    (tmp_path / "law.svg").write_text("<svg/>")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "other.html").write_text(
        '<p id="end"></p><a href="../index.html#">home</a>'
    )
    return tmp_path


def test_links_that_hold_are_no_faults(site):
    from links import faults

    assert faults(site) == []


@pytest.mark.parametrize(
    "wrong",
    [
        '<a href="nowhere.html">',
        '<a href="deep/other.html#nowhere">',
        '<a href="#nowhere">',
        '<a href="deep">',
        '<img src="none.png">',
        '<script src="https://example.org/script.js"></script>',
        '<link rel="stylesheet" href="//example.org/style.css">',
    ],
)
def test_a_link_that_leads_nowhere_or_elsewhere_is_seen(site, wrong):
    from links import faults

    (site / "wrong.html").write_text(wrong)
    assert len(faults(site)) == 1


def test_links_of_the_texts_lead_to_pages_and_copies(tmp_path):
    from sources import linked

    text = (
        "[a lesson](limits.py), [its folder](speed/__init__.py), [texts](../README.md#run-it), "
        "![law](../figures/letters.svg), [`code`](runner/lesson.py)\n"
        "```text\n[no](link)\n```"
    )
    pages = {"README.md", "experiments/limits.md", "experiments/speed.md"}
    assert linked(text, "experiments/README.md", pages, tmp_path) == (
        "[a lesson](limits.md), [its folder](speed.md), [texts](../README.md#run-it), "
        "![law](../figures/letters.svg), `code`\n"
        "```text\n[no](link)\n```"
    )
    assert (tmp_path / "figures" / "letters.svg").exists()


def test_a_text_whose_link_leads_nowhere_is_refused(tmp_path):
    from sources import linked

    with pytest.raises(FileNotFoundError, match=r"README\.md: gone\.md"):
        linked("[gone](gone.md)", "README.md", set(), tmp_path)


def test_every_lesson_of_the_course_has_its_page_and_its_figure():
    from lessons import lesson_pages

    from experiments.runner.experiment import discovered

    pages = lesson_pages()
    assert set(pages) == {f"experiments/{name}.md" for name in discovered()}
    for text in pages.values():
        assert text.startswith("# ") and "## The misconception" in text and "](../figures/" in text


def test_the_course_map_leaves_out_arrows_that_others_imply():
    from course_map import graph, places

    leans = graph("limits --> occupancy\n occupancy --> letters\n limits --> letters")
    assert leans == {"limits": set(), "occupancy": {"limits"}, "letters": {"occupancy"}}
    assert [column for column, _ in places(leans).values()] == [0, 1, 2]


def test_a_formula_becomes_mathml_and_one_that_is_not_understood_is_told(monkeypatch):
    import mathml
    from docutils import nodes

    told = []
    monkeypatch.setattr(mathml._LOGGER, "warning", lambda *told_of, **where: told.append(told_of))
    made = mathml._formula(nodes.math("", r"e^{-E/t}"), "inline")
    assert made.startswith("<math") and "<msup>" in made and not told
    mathml._formula(nodes.math("", r"\unheardof{t}"), "inline")
    assert len(told) == 1


def test_all_public_names_are_in_the_reference():
    from reference import reference_pages

    import boltzmann as bz
    from boltzmann import language, statistics, thermometer

    written = "".join(reference_pages().values())
    for module in (bz, language, thermometer):
        names = [name for name in module.__all__ if f"boltzmann.{name}" not in sys.modules]
        assert [name for name in names if f":: {name}\n" not in written] == []
    assert f":: {statistics.pulls.__name__}\n" in written
