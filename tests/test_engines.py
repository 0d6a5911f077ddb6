"""The engines' answers follow from what was observed, and the page from the result files."""

import re

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.language import Chain
from experiments import engines
from experiments.engines import answers, questions, run, table
from experiments.engines.shared import known_logits
from experiments.engines.shared.known_logits import FORBIDDEN, ROWS, Vocabulary

RESULTS = engines.results()
VOCABULARY = Vocabulary(ROWS)
results = pytest.mark.parametrize("name", list(RESULTS))


@results
def test_answers_follow_from_what_was_observed(name):
    again = run.with_answers(run.observed_in(RESULTS[name]))
    assert again == RESULTS[name]


@results
def test_each_engine_has_an_answer_or_a_reason_for_each_question(name):
    given = RESULTS[name]["answers"]
    assert set(questions.QUESTIONS) <= set(given)
    assert all(answer["value"] or answer["reason"] for answer in given.values())


@results
def test_results_are_of_the_packages_that_the_script_pins(name):
    said = run.metadata(run.engines()[name])
    pinned = said["dependencies"] + said["tool"]["engine"].get("npm", [])
    assert RESULTS[name]["packages"] == pinned
    assert RESULTS[name]["engine"] == said["tool"]["engine"]["name"]
    assert all(re.search(r"==\d|.@\d", package) for package in pinned)


def test_every_script_has_its_results():
    assert set(run.engines()) == set(RESULTS)


def test_the_page_is_the_one_that_the_results_make():
    assert table.page(RESULTS) == table.PAGE.read_text(encoding="utf-8")


def test_a_network_of_these_weights_has_the_logits_that_are_known():
    """RMS norm of an embedding, times the output matrix, in single precision."""
    embedding, output = VOCABULARY.embedding(64), VOCABULARY.output(64)
    norm = embedding / np.sqrt(np.mean(embedding**2, axis=1, keepdims=True) + 1e-6)
    logits = norm @ output.T
    allowed = VOCABULARY.table() > FORBIDDEN / 2
    np.testing.assert_allclose(logits[allowed], VOCABULARY.table()[allowed], rtol=1e-6, atol=1e-9)
    assert np.all(logits[~allowed] < -1e29)


def test_what_follows_a_foreign_token_is_left_out():
    start = VOCABULARY.start("three")
    assert VOCABULARY.places([start, start + 2, 0, start + 1], "three") == [0, 2, -1]


def test_the_tail_has_its_probability():
    p = bz.softmax(known_logits.tail_row(1000))
    np.testing.assert_allclose(p[1:], known_logits.TAIL_PROBABILITY, rtol=1e-9)


def drawn(row: str, law: np.ndarray, draws: int, seed: int = 1) -> dict:
    counts = np.random.default_rng(seed).multinomial(draws, law)
    return {"row": row, "settings": {}, "counts": counts.tolist(), "others": 0}


@pytest.mark.parametrize(
    ("t", "words"),
    [(1e-9, "greedy"), (1.0, "sampled at t = 1"), (1e9, "uniform"), (-1.0, "inverted: t = -1")],
)
def test_the_law_of_draws_is_named(t, words):
    """False alarms: 1e-6 a law; 300 draws."""
    assert answers.edge(drawn("three", bz.softmax(ROWS["three"] / t), 300)) == words


@pytest.mark.parametrize("left", [1, 5, 20, 40, 50, 200])
@pytest.mark.parametrize("t", [0.7, 1.5])
def test_the_number_of_tokens_left_is_found(left, t):
    """False alarms: one in a million; 50 of 200 are found at t = 0.7 in 4,000 draws."""
    logits = np.where(np.arange(200) < left, ROWS["rank"], -np.inf)
    assert answers.left_of(drawn("rank", bz.softmax(logits / t), 4_000)) == left


def test_log_probabilities_are_placed_in_the_chain():
    logits, settings = ROWS["three"], {"temperature": 0.5, "top_k": 2}
    cut = np.where(np.arange(3) < 2, logits, -np.inf)
    for words, values in (
        ("before temperature and truncation", bz.log_softmax(logits)),
        ("after temperature, before truncation", bz.log_softmax(logits / 0.5)),
        ("after temperature and truncation", bz.log_softmax(cut / 0.5)),
        ("after truncation, before temperature", bz.log_softmax(cut)),
        ("raw logits", logits),
    ):
        reported = [float(value) if np.isfinite(value) else None for value in values]
        assert (
            answers.logprob({"row": "three", "settings": settings, "logprobs": reported}) == words
        )


def test_a_tail_that_ends_too_early_is_wrong():
    observed = {"row": "tail", "settings": {}, "tokens": 100_000, "draws": 20_000, "others": 0}
    assert "wrong" not in answers.tail(observed | {"tail": 200, "last": 99_000})
    assert "wrong" in answers.tail(observed | {"tail": 200, "last": 84_000})
    assert "wrong" in answers.tail(observed | {"tail": 100, "last": 99_000})


PRESETS = {"transformers_generate": "transformers", "vllm": "vllm", "llama_cpp": "llama.cpp"}


@pytest.mark.parametrize("key", ["order", "nucleus", "min_p_order"])
@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_keeps_the_tokens_that_its_engine_was_seen_to_keep(name, key):
    observed = RESULTS[name]["answers"][key]["observed"]
    settings = {
        setting: observed["settings"].get(setting) or None
        for setting in ("temperature", "top_k", "top_p", "min_p")
    }
    logits = ROWS[observed["row"]]
    kept = np.isfinite(Chain.preset(PRESETS[name], **settings)(logits))
    assert np.flatnonzero(kept).tolist() == answers.kept(observed)


@pytest.mark.parametrize("name", ["llama_cpp"])
def test_a_presets_defaults_are_those_that_its_engine_was_seen_to_have(name):
    observed = RESULTS[name]["answers"]["defaults"]["observed"]
    kept = np.isfinite(Chain.preset(PRESETS[name])(ROWS["rank"]))
    left = answers.left_of(observed)
    temperature, error = answers.reading_of(observed, left)
    assert left == kept.sum()
    assert abs(temperature - 0.8) < 5 * error
