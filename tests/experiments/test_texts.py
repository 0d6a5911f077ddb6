"""The experiment on texts: its verdicts hold, are refuted by wrong samplers, and its errors are a
martingale's.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import chi2

from boltzmann.language import NGram
from experiments import texts
from experiments.runner.table import Table
from experiments.shared import pages
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def written(config: texts.Config) -> Table:
    """Return the experiment's table as it is read back."""
    return Table.from_csv(texts.compute(config, lambda fraction: None).to_csv())


def test_surprise_is_entropy_on_average():
    """Three verdicts are statistical, at a false-alarm rate of at most 1e-6 each and a fixed
    seed.
    """
    assert failing(texts.verdicts(quick_table("texts"))) == set()


def test_sampler_too_hot_is_refuted(monkeypatch):
    """480 letters at each of three temperatures, 50 % too hot: 0.5·√(480 C) > 8 errors each for C >
    0.5.
    """
    stream = pages.stream
    monkeypatch.setattr(
        pages,
        "stream",
        lambda model, prompt, length, t, seed: stream(model, prompt, length, 1.5 * t, seed=seed),
    )
    assert "surprise" in failing(texts.verdicts(written(texts.QUICK)))


def test_logits_that_are_not_the_models_are_refuted(monkeypatch):
    """Logits scaled by 0.9 are a temperature of 1.11 in disguise: at t = 1 the surprise is not the
    model's.
    """
    logits = NGram.logits
    monkeypatch.setattr(NGram, "logits", lambda model, context: 0.9 * logits(model, context))
    assert "untouched" in failing(texts.verdicts(written(texts.QUICK)))


def test_errors_of_the_differences_are_those_of_a_martingale(monkeypatch):
    """80 squared pulls follow χ²: false alarms 2e-7; error bars wrong by a factor of 2.5 are missed
    in 1e-8.
    """
    monkeypatch.setattr(NGram, "fit", cache(NGram.fit))  # one model for all seeds
    config = replace(texts.QUICK, order=3, temperatures=(0.7, 1.5), pages=4, length=40)
    tables = [written(replace(config, seed=1000 * k)) for k in range(40)]
    z = np.concatenate(
        [(table["sampled"] - table["law"]) / table["difference_error"] for table in tables]
    )
    assert chi2.ppf(1e-7, z.size) < np.square(z).sum() < chi2.isf(1e-7, z.size)


def test_entropy_that_falls_is_refuted():
    table = quick_table("texts")
    upside_down = Table(
        {**table.columns, "law": table["law"][::-1], "law_error": table["law_error"][::-1]}
    )
    assert "rises" in failing(texts.verdicts(upside_down))


@pytest.mark.parametrize(
    "corpus", ["0123456789 3141592653 " * 40, "Cost $5 and $x_1$ \t{a}\\b \x07%s\n" * 40]
)
def test_any_text_can_be_drawn(tmp_path, corpus):
    (tmp_path / "corpus.txt").write_text(corpus)
    config = replace(texts.QUICK, corpus=str(tmp_path / "corpus.txt"))
    figure = texts.draw(written(config))
    figure.canvas.draw()
