"""Lists of every convention: which of their tokens are certainly the likeliest."""

import numpy as np
import pytest

from boltzmann.thermometer import load_draws
from tests.support.gpt2_like import law, logits
from tests.support.saved_responses import TOP, chat, completion, rows, write


def test_a_list_without_the_token_drawn_is_of_the_likeliest_alone(tmp_path):
    """OpenAI's chat: −9999 says that the token is not among them, not that it is impossible."""
    drawn = chat(("c", -2.5, TOP), ("z", -9999.0, TOP), ("b", -1.5, TOP[::-1]))
    saved = load_draws(write(tmp_path / "draws.jsonl", drawn))
    assert rows(saved) == [[-0.5, -1.5, -2.5]] * 3
    assert saved.chosen == [2, -2, 1]
    assert saved.groups == [0, 0, 0]
    assert saved.read().left_out == {"not listed": 1}


def test_a_token_that_is_appended_says_nothing(tmp_path):
    """llama-cpp-python, TGI: the list is longer where the token drawn is not a likeliest one."""
    content = chat(("c", -2.5, TOP), ("z", -7.0, [*TOP, ("z", -7.0)]), ("b", -1.5, TOP))
    saved = load_draws(write(tmp_path / "draws.jsonl", content))
    assert rows(saved) == [[-0.5, -1.5, -2.5]] * 3
    assert saved.chosen == [2, -2, 1]


def test_a_token_that_takes_the_place_of_the_last_says_nothing(tmp_path):
    """vLLM's chat: the one drawn first, and cut at m; what is last by probability is either."""
    content = chat(("a", -0.5, TOP), ("z", -7.0, [("z", -7.0), *TOP[:2]]), ("b", -1.5, TOP))
    saved = load_draws(write(tmp_path / "draws.jsonl", content))
    assert rows(saved) == [[-0.5, -1.5]] * 3
    assert saved.chosen == [0, -2, 1]


def test_equal_texts_are_left_out_with_their_draws(tmp_path):
    """In a list they are seen; in an object they are one entry, and it is too short."""
    twice = [("a", -0.5), ("b", -1.5), ("b", -2.4), ("c", -2.5)]
    content = chat(("b", -2.4, twice), ("a", -0.5, twice), ("z", -9.0, twice))
    saved = load_draws(write(tmp_path / "draws.jsonl", content))
    assert rows(saved) == [[-0.5, -2.5]] * 3
    assert saved.chosen == [None, 0, -2]
    full = {"a": -0.5, "b": -1.5, "c": -2.5, "d": -3.0}

    few = {"a": -0.5, "b": -1.7, "c": -2.5}
    entries = [
        ("a", full),
        ("b", full),
        ("a", few),
        ("z", {**few, "z": -8.0}),
        ("z", {**full, "z": -8.0}),
    ]

    for answers in ([completion(*entries)], [completion(entry) for entry in entries]):
        saved = load_draws(write(tmp_path / "draws.jsonl", *answers))
        assert rows(saved) == [[-0.5, -1.5, -2.5]] * 2 + [
            [0.0],
            [-0.5, -1.7, -2.5],
            [-0.5, -1.5, -2.5],
        ]
        assert saved.chosen == [0, 1, None, -2, -2]


def served(style, lengths, answers, tokens, t=0.7):
    """Return chats or completions of an honest server; lengths of lists take turns."""
    generator = np.random.default_rng(5)
    x = logits(contexts=12, vocabulary=40, seed=2)
    reported, p = x - np.logaddexp.reduce(x, axis=1, keepdims=True), law(x, t)
    found = []

    for k in range(answers):
        entries = []
        for row in generator.integers(12, size=tokens):
            drawn, order = int(generator.choice(40, p=p[row])), np.argsort(-reported[row])
            listed = [*map(int, order[: lengths[k % len(lengths)]])]
            if style == "first":
                listed = [*dict.fromkeys([drawn, *listed])][: len(listed)]
            elif drawn not in listed:
                listed.append(drawn)
            values = [(f"<{token}>", float(reported[row, token])) for token in listed]
            entries.append((f"<{drawn}>", float(reported[row, drawn]), values))
        whole = completion(*((name, dict(listed)) for name, _, listed in entries))
        found.append(whole if style == "object" else chat(*entries))

    return found


@pytest.mark.parametrize("style", ["first", "appended", "object"])
@pytest.mark.parametrize(
    ("lengths", "tokens"), [((5, 20), 16), ((5, 20), 1), ((3, 5), 16), ((4, 5, 6), 2)]
)
def test_lists_of_several_lengths_may_be_mixed(style, lengths, tokens, tmp_path):
    """5 errors are missed once in two million; a list taken for another length is off by 8.

    None is withheld, except where lengths of objects follow on one another: equal texts might have
    shortened them."""
    mixed = served(style, lengths, 6400 // tokens, tokens)
    reading = load_draws(write(tmp_path / "draws.jsonl", *mixed)).read()
    assert abs(reading.temperature - 0.7) < 5 * reading.standard_error
    assert reading.standard_error < 0.04
    assert "withheld" not in reading.left_out or (style == "object" and lengths[-1] < 20)
