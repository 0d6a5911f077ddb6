"""Formulas in plain characters become LaTeX that can be set, and words stay words."""

import re

import pytest
from matplotlib.mathtext import MathTextParser

from experiments.runner import cli as runner
from experiments.runner import lesson, notebooks
from experiments.runner.formulas import displayed, with_formulas

EXPERIMENTS = runner.discovered()


@pytest.mark.parametrize(
    ("plain", "made"),
    [
        ("at t = 0.5 a text", r"at $t = 0.5$ a text"),
        (
            "softmax(-E/t) = softmax(log p / t)",
            r"$\operatorname{softmax}(-E/t) = \operatorname{softmax}(\log p / t)$",
        ),
        ("dies out as exp(-gap/t), gap", r"dies out as $\exp(-\mathrm{gap}/t)$, gap"),
        ("the error √(C t²/n).", r"the error $\sqrt{C t^{2}/n}$."),
        ("P(x) ∝ p(x) P_{n-1}(U - E(x)): its", r"$P(x) \propto p(x) P_{n-1}(U - E(x))$: its"),
        ("λ₂ = 1 - 1/(K π₀) where", r"$\lambda _{2} = 1 - 1/(K \pi _{0})$ where"),
        (
            "⟨exp(−W/t)⟩ = exp(−ΔF/t), however",
            r"$\langle \exp(-W/t)\rangle = \exp(-\Delta F/t)$, however",
        ),
        ("6 = 2^(1/t), t = 0.387", r"$6 = 2^{1/t}$, $t = 0.387$"),
        ("of t = 10⁻⁴⁰: what", r"of $t = 10^{-40}$: what"),
        ("p ≥ 1e-6 and E = +∞", r"$p \geq 10^{-6}$ and $E = +\infty$"),
        ("10,000·C draws", r"$10{,}000\cdot C$ draws"),
        ("yields 1 + a + … + a^n tokens", r"yields $1 + a + \ldots + a^{n}$ tokens"),
        ("a = 0.6 and n = 4", "$a = 0.6$ and $n = 4$"),
        ("At t = ∞ C vanishes", r"At $t = \infty$ C vanishes"),
        ("a χ² worse", r"a $\chi ^{2}$ worse"),
        ("g = 9.81 m away", "$g = 9.81$ m away"),
        ("(t = 2) 6.324 quanta", "$(t = 2)$ 6.324 quanta"),
        ("log(1/min_p) above", r"$\log(1/\mathrm{min\_p})$ above"),
        ("p = 0.5, 0.3, 0.2 and q = 0.2", r"$p = 0.5$, 0.3, 0.2 and $q = 0.2$"),
        ("softmax(log\np / t) is", r"$\operatorname{softmax}(\log p / t)$ is"),
    ],
)
def test_a_formula_is_set(plain, made):
    assert with_formulas(plain) == made


@pytest.mark.parametrize(
    "words",
    [
        "A page - a text of 5 - 6 lines - is 1/2 done, and/or 20,480 words",
        "an n-gram of order 7, a p-value, a top-p of 0.9 and a min_p",
        '`t = 0.5` and `run("x", t=1)`',
        'the letter "t" and a letter "a"',
        "2.001 ± 0.011, 12 %, 3 : 1, (15 of them)",
        "I see a χ",
        "weighs 4.81 kg at 296 K",
    ],
)
def test_words_stay_words(words):
    assert with_formulas(words) == words


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_every_formula_of_a_lesson_can_be_set(name):
    parser = MathTextParser("path")
    formulas = []
    for heading, body in lesson.parts(EXPERIMENTS[name]).items():
        if heading not in ("Run.", "References"):
            for text in body.split("\n\n"):
                made = notebooks.paragraph(text) if heading != "Exercises." else with_formulas(text)
                assert "$" not in text and made.count("$") % 2 == 0
                formulas += re.findall(r"\$\$?(.+?)\$\$?", made)
    assert len(formulas) >= 3
    for formula in formulas:
        assert parser.parse(f"${formula}$"), formula
        depth = [(x in "({") - (x in ")}") for x in formula]
        assert sum(depth) == 0 and min(map(sum, (depth[:k] for k in range(len(depth) + 1)))) == 0


def test_a_formula_with_a_paragraph_of_its_own_is_displayed():
    assert displayed("    softmax(-E/t) = softmax(log p / t),") == (
        r"$$\operatorname{softmax}(-E/t) = \operatorname{softmax}(\log p / t)$$"
    )
    assert displayed("    python -m experiments limits") is None
    assert displayed("    print(bz.temper(p, 0.5))") is None
