"""docs/stopping.md is made of the results of a run, and audits take from their streams in order."""

import json

import numpy as np

from boltzmann.thermometer import SamplingLaw
from boltzmann.thermometer.stopping import StoppingRule
from experiments.stopping import measure
from experiments.stopping.streams import Stream, in_rounds, of_fixed_number, probabilities


def test_the_page_follows_from_the_results():
    results = json.loads(measure.RESULTS.read_text(encoding="utf-8"))
    assert measure.page(results) == measure.PAGE.read_text(encoding="utf-8")
    assert results["cases"].keys() == measure.CASES.keys()


def test_both_audits_read_the_same_draws():
    """The k-th draw after a context is the same one, whoever asks for it and when."""
    logits = np.log(np.random.default_rng(1).dirichlet(np.full(20, 0.5), 4))
    stream = Stream.drawn(logits, SamplingLaw(0.7), 50, [2])
    reading = stream.reading(np.array([3, 1, 3, 3, 0]))
    assert reading.evidence.record.chosen.tolist() == [
        stream.tokens[row, k] for row, k in ((3, 0), (1, 0), (3, 1), (3, 2), (0, 0))
    ]


def test_an_audit_of_t_squared_takes_a_third_of_the_draws_asked():
    """And comes to the same name, in turn and by heat; on one stream of a fixed seed."""
    logits = 2 * np.random.default_rng(3).standard_normal((8, 60))
    rule = StoppingRule(SamplingLaw(0.7), resolution=0.2)
    stream = Stream.drawn(logits, SamplingLaw(0.49), 300, [4])
    fixed = of_fixed_number(stream, rule, 600)
    for by_heat in (False, True):
        audited = in_rounds(stream, rule, 600, by_heat=by_heat)
        assert audited.diagnosis.fault == fixed.diagnosis.fault == "squared"
        assert audited.decided <= audited.draws <= 0.35 * 600


def test_probabilities_of_a_truncated_law_are_those_written_out():
    p = probabilities(np.log([[0.5, 0.3, 0.15, 0.05]]), SamplingLaw(1.0, top_p=0.75))
    np.testing.assert_allclose(p, [[0.625, 0.375, 0.0, 0.0]])
