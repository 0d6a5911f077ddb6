"""Lists that hold only what a truncation left: the temperature is judged, the truncation is not.

Draws are honest unless said otherwise, from 400 tokens whose probabilities fall by Zipf's law.
"""

from pathlib import Path

import numpy as np
import pytest

from boltzmann.__main__ import _parser
from boltzmann.thermometer import load_draws
from tests.support.gpt2_like import law, logits
from tests.support.saved_responses import chat, write

CONTEXTS = 12
TOKENS = 400
LISTED = 20


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """A folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


def answers(reported, drawn, draws, placeholder=None, seed=7):
    """Return chat completions of one token, given probabilities (contexts, tokens) of both."""
    generator = np.random.default_rng(seed)
    with np.errstate(divide="ignore"):
        logprobs = np.log(reported)  # (contexts, tokens)
    lists = [listed(row, placeholder) for row in logprobs]
    edges = np.cumsum(drawn, axis=1) / drawn.sum(axis=1, keepdims=True)  # (contexts, tokens)
    rows, uniform = generator.integers(CONTEXTS, size=draws), generator.random(draws)
    tokens = (edges[rows] <= uniform[:, None]).sum(axis=1)  # inverse CDF, one a draw
    return [
        chat((f"<{token}>", float(logprobs[row, token]), lists[row]))
        for row, token in zip(rows.tolist(), tokens.tolist(), strict=True)
    ]


def listed(logprobs, placeholder):
    """Return the likeliest of log-probabilities (tokens,) as (text, log-probability)."""
    order = np.argsort(-logprobs, kind="stable")[:LISTED].tolist()
    pairs = [(f"<{k}>", float(logprobs[k])) for k in order]
    if placeholder is None:
        return [pair for pair in pairs if np.isfinite(pair[1])]
    return [(name, max(value, placeholder)) for name, value in pairs]


def audited(lines, *arguments):
    """Audit a file of these lines, and return the exit status."""
    path = write(Path("draws.jsonl"), *lines)
    options = _parser().parse_args(["audit", str(path), *map(str, arguments)])
    return options.run(options)


UNTOLD = "cannot tell: the temperature holds; the truncation claimed cannot be told from lists"


@pytest.mark.parametrize(("top_p", "placeholder"), [(0.9, None), (0.9, -9999.0), (0.5, -9999.0)])
def test_lists_after_everything_tell_the_temperature_alone(top_p, placeholder, capsys):
    """As TGI reports them, and vLLM's processed_logprobs, which writes -9999 for what was cut."""
    x = logits(CONTEXTS, TOKENS, seed=3)
    p = law(x, 0.7, top_p=top_p)
    claim = ["-t", 0.7, "--top-p", top_p, "--logprobs", "tempered", "--resolution", 0.4]
    assert audited(answers(p, p, 6000, placeholder), *claim) == 2
    assert UNTOLD in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("placeholder", [None, -9999.0])
def test_lists_that_end_at_a_truncation_are_recognised_at_t_1(placeholder, capsys):
    """There nothing was declared: their probabilities add up to 1, and they are short."""
    x = logits(CONTEXTS, TOKENS, seed=3)
    reported = law(x, 1.0, top_k=12, top_p=0.8)
    lines = answers(reported, reported, 6000, placeholder)
    assert audited(lines, "-t", 1, "--top-k", 12, "--top-p", 0.8) == 2
    assert UNTOLD in " ".join(capsys.readouterr().out.split())
    assert load_draws("draws.jsonl").end_at_truncation

    colder = reported ** (1 / 0.7)
    colder /= colder.sum(axis=1, keepdims=True)
    lines = answers(reported, colder, 6000, placeholder)
    assert audited(lines, "-t", 1, "--top-k", 12, "--top-p", 0.8) == 1


def test_lists_before_a_truncation_still_tell_it():
    """After the temperature, of the whole vocabulary: an honest truncation holds."""
    x = logits(CONTEXTS, TOKENS, seed=3)
    claim = ["-t", 0.7, "--min-p", 0.05, "--logprobs", "tempered"]
    lines = answers(law(x, 0.7), law(x, 0.7, min_p=0.05), 6000)
    assert audited(lines, *claim) == 0
    raw = answers(law(x, 1.0), law(x, 0.7), 6000)
    assert audited(raw, "-t", 0.7, "--min-p", 0.05) == 1
    assert not load_draws("draws.jsonl").end_at_truncation


def test_a_hidden_top_k_shows_in_lists_that_end_at_it(capsys):
    """Draws cannot tell it, as they come from what is left; all of these are used."""
    x = logits(CONTEXTS, TOKENS, seed=3)
    p = law(x, 0.7, top_k=10)
    assert audited(answers(p, p, 6000, -9999.0), "-t", 0.7, "--logprobs", "tempered") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "hold only what a truncation left, 10 tokens, as by top_k = 10: it is not claimed" in out
    assert "draws 6000 used" in out

    varied = law(x, 0.7, top_p=0.8)
    audited(answers(varied, varied, 6000), "-t", 0.7, "--logprobs", "tempered")
    assert "tokens, as by a top_p or min_p" in " ".join(capsys.readouterr().out.split())
    audited(answers(law(x, 1.0), law(x, 0.7), 6000), "-t", 0.7)
    assert "truncation left" not in capsys.readouterr().out


def test_lists_of_one_length_are_cut_if_all_add_up_to_1():
    """Shorter than was asked for, they may else be what a server lists at most."""
    x = logits(CONTEXTS, TOKENS, seed=3)
    header = {"audit": {"scale": 1.0, "listed": LISTED}}
    for reported, whole in ((law(x, 0.7, top_k=10), True), (law(x, 0.3), False)):
        lines = answers(reported, reported, 300)
        kept = []
        for number, line in enumerate(lines):
            content = line["choices"][0]["logprobs"]["content"]
            content[0]["top_logprobs"] = content[0]["top_logprobs"][:10]
            kept.append({"request": number, "prompt": "", "response": line})
        saved = load_draws(write(Path("draws.jsonl"), header, *kept))
        assert saved.end_at_truncation == whole
        assert saved.cut_lengths == ([10] if whole else [])
        sizes = {row.size for row in saved.logprobs}
        assert not whole or sizes == {10}  # nothing is beyond such a list, and the last is sure
        assert not load_draws(write(Path("draws.jsonl"), *lines)).end_at_truncation


def test_the_log_probability_beside_a_token_is_passed_on():
    """Whether its list has the token or not: multiplied as the lists are, nan where none is."""
    entries = [("a", -0.5, [("a", -0.5), ("b", -1.5), ("c", -2.5)]), ("z", -4.0, [])]
    entries[1] = ("z", -4.0, entries[0][2])
    lines = [chat(*entries), {"logprobs": [-0.5, -1.5], "chosen": 0}]
    saved = load_draws(write(Path("draws.jsonl"), *lines), scale=0.5)
    assert saved.chosen == [0, -2, 0]
    assert saved.own.tolist()[:2] == [-0.25, -2.0]
    assert np.isnan(saved.own[2])
