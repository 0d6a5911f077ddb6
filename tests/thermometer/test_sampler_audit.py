"""Audits of callable samplers: this package's, and other libraries' where installed."""

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.thermometer import SamplingLaw, audit, read
from tests.support.gpt2_like import logits

TABLE = logits(contexts=50, vocabulary=400, seed=11)


class OneRow:
    """A language model that always offers the same logits."""

    def __init__(self, row):
        self.row = row

    def encode(self, text):
        return []

    def decode(self, ids):
        return " ".join(map(str, ids))

    def logits(self, context):
        return self.row


def drawing(temperature=lambda t: t, size=20, seed=1, **truncation):
    """Return a sampler: `language.draw`, with what it does to the temperature."""
    generator = np.random.default_rng(seed)
    return lambda row, t: bz.language.draw(row, temperature(t), size, generator, **truncation)


def test_our_draw_samples_at_the_temperature_asked_for():
    found = audit(drawing(), TABLE, 0.7, 5000)
    assert found.diagnosis.holds
    assert abs(found.reading.temperature - 0.7) < 5 * found.reading.standard_error
    assert (found.reading.draws, found.chosen.size, found.rows.max()) == (5000, 5000, 49)
    assert str(found).startswith("t = 0.69") and "holds: t = 0.7" in str(found)


def test_our_generate_samples_at_the_temperature_asked_for():
    generator = np.random.default_rng(2)

    def one(row, t):
        return int(bz.language.generate(OneRow(row), "", 1, t, seed=generator))

    def several(row, t):
        return [
            int(word)
            for word in bz.language.generate(
                OneRow(row), "", 20, t, top_p=0.9, seed=generator
            ).split()
        ]

    assert audit(one, TABLE, 1.0, 3000, resolution=0.2).diagnosis.holds
    assert audit(several, TABLE, SamplingLaw(1.0, top_p=0.9), 5000, resolution=0.2).diagnosis.holds


@pytest.mark.parametrize(
    ("sampler", "fault"),
    [
        (drawing(lambda t: t * t), "squared"),
        (drawing(lambda t: 2 * t), "doubled"),
        (drawing(lambda t: 1.0), "ignored"),
        (drawing(lambda t: 0.0), "greedy"),
        (drawing(lambda t: 0.6), "wrong_temperature"),
        (drawing(top_k=30), "hidden_top_k"),
        (drawing(min_p=0.1), "hidden_min_p"),
        (drawing(top_p=0.8), "hidden_top_p"),
    ],
)
def test_a_sampler_that_misbehaves_is_named(sampler, fault):
    assert audit(sampler, TABLE, 0.7, 5000).diagnosis.fault == fault


def test_a_call_whose_draws_share_their_noise_is_named():
    generator = np.random.default_rng(3)

    def shared(row, t):
        return np.repeat(bz.language.draw(row, t, 1, generator), 10)

    found = audit(shared, TABLE, 0.7, 2000)
    assert found.diagnosis.fault == "dependent_draws"
    assert found.reading.clustered_error > 2 * found.reading.naive_error


def test_a_seed_that_is_never_advanced_is_caught():
    """One row, one seed, one token for ever: a law of its own, and not the one claimed."""
    found = audit(lambda row, t: bz.language.draw(row, t, seed=5), TABLE[0], 1.0, 500)
    assert found.diagnosis.verdict == "fails"


def test_text_is_read_as_it_was_written():
    """The letters of an n-gram model's text, each with the logits that its context offered."""
    model = bz.language.NGram.fit(bz.language.load_corpus()[:200_000], order=4)
    prompt = "the "
    text = bz.language.generate(model, prompt, 3000, temperature=0.7, seed=4)
    ids = list(model.encode(prompt + text))
    start = len(ids) - 3000
    offered = np.array([model.logits(ids[:i]) for i in range(start, len(ids))])
    if model.unknown_id is not None:
        offered[:, model.unknown_id] = -np.inf
    reading = read(offered, ids[start:])
    assert abs(reading.temperature - 0.7) < 5 * reading.standard_error


def test_torch_multinomial_samples_what_softmax_says():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)

    def sampler(row, t):
        weights = torch.softmax(torch.tensor(row) / t, dim=-1)
        return torch.multinomial(weights, 20, replacement=True).numpy()

    assert audit(sampler, TABLE, 0.7, 5000).diagnosis.holds


def test_the_top_k_of_transformers_is_found():
    """`generate` keeps 50 tokens unless told otherwise."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=400,
        n_positions=16,
        n_embd=32,
        n_layer=1,
        n_head=2,
        bos_token_id=0,
        eos_token_id=None,
    )
    model = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        model.lm_head.weight *= 12.0  # a model that was never trained finds all tokens alike
    prompts = torch.arange(1, 26)[:, None]
    with torch.no_grad():
        offered = model(prompts).logits[:, -1].numpy()

    def sampler_of(**options):
        turn = iter(range(10**6))

        def sampler(row, t):
            prompt = prompts[next(turn) % 25][None]
            answer = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                do_sample=True,
                temperature=t,
                max_new_tokens=1,
                num_return_sequences=100,
                pad_token_id=0,
                **options,
            )
            return answer[:, -1].numpy()

        return sampler

    silent = audit(sampler_of(), offered, 1.0, 5000).diagnosis
    assert (silent.fault, silent.law.top_k) == ("hidden_top_k", 50)
    assert audit(sampler_of(top_k=0), offered, 1.0, 5000, resolution=0.2).diagnosis.holds
    assert audit(
        sampler_of(top_k=50), offered, SamplingLaw(1.0, top_k=50), 5000, resolution=0.2
    ).diagnosis.holds


@pytest.mark.parametrize(
    ("sampler", "options", "message"),
    [
        (lambda row, t: 0.5, {}, "sampler returned 0.5 at call 0"),
        (lambda row, t: [0, 400], {}, "sampler returned 400 at call 0: a token is from 0 to 399"),
        (lambda row, t: -1, {}, "sampler returned -1 at call 0"),
        (lambda row, t: [], {}, "sampler returned"),
        (lambda row, t: 0, {"draws": 0}, "draws is 0"),
        (lambda row, t: 0, {"temperature": -1.0}, "claimed is -1.0"),
    ],
)
def test_a_sampler_that_returns_no_token_is_named(sampler, options, message):
    with pytest.raises(ValueError, match=message):
        audit(sampler, TABLE, **{"temperature": 1.0, "draws": 10} | options)
