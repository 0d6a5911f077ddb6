"""One step, exactly: what replaces has the target's law and no memory, what repeats has both."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import boltzmann as bz
from boltzmann.language import GPT2
from boltzmann.statistics import goodness_of_fit, total_variation
from experiments.shared import speculation
from experiments.shared.token_draft import TokenNGram


def laws(seed, size=7, rows=()):
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.full(size, 0.7), rows), generator.dirichlet(np.ones(size), rows)


@pytest.mark.parametrize("seed", range(8))
def test_a_published_step_has_the_targets_law_and_accepts_what_they_share(seed):
    p, q = laws(seed)
    step = speculation.speculative(p, q)
    by_proposals = sum(
        q[x] * (step.acceptance[x] * np.eye(7)[x] + (1 - step.acceptance[x]) * step.replacement)
        for x in range(7)
    )
    assert_allclose(by_proposals, p, rtol=0, atol=1e-15)
    assert_allclose(step.law(), p, rtol=0, atol=1e-15)
    assert_allclose(step.accepted(), 1 - total_variation(p, q), rtol=1e-13)
    repeated = speculation.Step(q, step.acceptance, q)  # the control: replaced from q
    assert total_variation(repeated.law(), p) > 0.01


@pytest.mark.parametrize("seed", range(8))
def test_the_independence_sampler_is_in_detailed_balance_and_has_lius_eigenvalues(seed):
    p, q = laws(seed)
    matrix = speculation.independence_matrix(p, q)
    flow = p[:, None] * matrix
    assert_allclose(flow, flow.T, rtol=0, atol=1e-15)
    assert_allclose(matrix.sum(axis=1), 1, rtol=1e-14)
    found = np.sort(np.linalg.eigvals(matrix).real)[::-1]
    assert_allclose(found[0], 1, rtol=1e-12)
    eigenvalues = speculation.independence_eigenvalues(p, q)
    assert_allclose(found[1:], eigenvalues, rtol=0, atol=1e-12)
    assert_allclose(eigenvalues[0], 1 - (q / p).min(), rtol=0, atol=1e-13)
    stays = (p * (1 - (matrix - np.diag(matrix.diagonal())).sum(axis=1))).sum()
    moved_to_itself = (p * q).sum()  # a proposal of the token where one is, always accepted
    accepted = speculation.independence_accepted(p, q)
    assert_allclose(accepted, 1 - stays + moved_to_itself, rtol=1e-13)
    assert accepted <= speculation.speculative(p, q).accepted()


def test_a_draft_that_is_the_target_is_always_accepted_and_nothing_is_remembered():
    p, _ = laws(3)
    assert_allclose(speculation.speculative(p, p).accepted(), 1, rtol=1e-14)
    assert_allclose(speculation.independence_eigenvalues(p, p), 0, atol=1e-15)
    assert_allclose(speculation.independence_accepted(p, p), 1, rtol=1e-14)


def test_drawn_steps_have_their_law_in_each_row():
    """Two rows of each of seven variants, 14 fits, and as many shares: false alarm 3e-5 in all.

    Of 20,000 draws a row, shares of a tenth that are 1.5 percent of the whole off are seen."""
    target, draft = laws(5, rows=(2,))
    rows = np.arange(40_000) % 2
    generator = np.random.default_rng(1)
    for step in speculation.variants(target, draft, 0.7, 3).values():
        tokens, accepted = step.drawn(rows, generator)
        for row in range(2):
            counts = np.bincount(tokens[rows == row], minlength=7)
            assert goodness_of_fit(counts, step.law()[row]).p_value > 1e-6
            yes = np.count_nonzero(accepted[rows == row])
            share = step.accepted()[row]
            if 0 < share < 1:
                p_value = goodness_of_fit([yes, 20_000 - yes], [share, 1 - share]).p_value
                assert p_value > 1e-6


def test_of_the_variants_only_the_published_one_has_the_law_asked_for():
    """With t for the draft alone it is the target's at t = 1; there, two are no mistakes."""
    target, draft = laws(6, rows=(5,))
    steps = speculation.variants(target, draft, 0.7, 3)
    p = bz.temper(target, 0.7)
    assert_allclose(steps["as published"].law(), p, rtol=0, atol=1e-15)
    assert_allclose(steps["t for the draft alone"].law(), target, rtol=0, atol=1e-15)
    asked = dict.fromkeys(steps, p) | {
        "top_k in the replacement": speculation.truncated(p, 3),
    }
    for name, step in steps.items():
        assert_allclose(step.law().sum(axis=1), 1, rtol=1e-14)
        if name != "as published":
            assert total_variation(step.law(), asked[name]).mean() > 0.01
    hot = speculation.variants(target, draft, 1.0, 3)
    for name in ("t for the draft alone", "acceptance by p at t = 1"):
        assert_allclose(hot[name].law(), target, rtol=0, atol=1e-15)


def test_an_n_gram_of_tokens_predicts_what_follows_them():
    model = GPT2.load("tiny")
    text = "The fire was hot. The fire was cold. The fire was hot."
    draft = TokenNGram(model, text, order=3)
    ids = model.encode(text).tolist()
    logits = draft.logits(ids[:3])
    assert logits.shape == (1024,)
    assert {int(k) for k in np.flatnonzero(logits > -np.inf)} == set(ids)
    hot, cold = ids[3], ids[8]
    assert model.tokens[hot] == b" hot" and logits[hot] == logits.max()
    assert logits[hot] > logits[cold] > draft.logits(model.encode("was The"))[cold]
