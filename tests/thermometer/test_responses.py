"""Responses of servers in every form: which draws are found, and what is refused."""

import numpy as np
import pytest

from boltzmann.thermometer import load_draws
from boltzmann.thermometer.io.requests import as_url
from boltzmann.thermometer.io.responses import error_in, parse_response
from boltzmann.thermometer.io.scale import slope_between
from tests.support.saved_responses import TOP, completion, item, rows, write


def draws_of(response):
    return parse_response(response).draws


def chat_of(text, spelled, listed):
    entry = {"token": text, "bytes": spelled, "logprob": -1.0, "top_logprobs": listed}
    return {"choices": [{"logprobs": {"content": [entry]}}]}


def test_bytes_and_ids_tell_tokens_apart_that_look_alike():
    listed = [
        item("�", -0.5, [226, 128]),
        item("�", -1.0, [240]),
        item("a", -1.5, [97]),
        item("A", -2.0),
    ]
    (draw,) = draws_of(chat_of("a", [97], listed))
    assert (draw.tokens, draw.chosen) == ([None, None, b"a", b"A"], b"a")
    (draw,) = draws_of(chat_of("�", [240], listed))
    assert draw.chosen is None
    same = [
        {"id": 5, **item("a", -0.5)},
        {"id": 6, **item("a", -1.0)},
        {"id": 7, **item("", -2.0, [])},
    ]

    entry = {"id": 6, "token": "a", "bytes": [97], "logprob": -1.0, "top_logprobs": same}
    (draw,) = draws_of({"completion_probabilities": [entry]})
    assert (draw.tokens, draw.chosen) == ([5, 6, 7], 6)


def test_a_text_that_is_empty_or_broken_names_no_token():
    (draw,) = draws_of(completion(("", {"": -0.1, "�": -1.0, "a": -2.0})))
    assert (draw.tokens, draw.chosen) == ([None, None, b"a"], None)


def test_placeholders_are_no_log_probabilities(tmp_path):
    listed = {
        "a": -0.5,
        "b": -1.5,
        "g": -(10**400),
        "c": -9999.0,
        "d": None,
        "e": -3.4028234663852886e38,
        "f": -float("inf"),
    }
    saved = load_draws(write(tmp_path / "draws.jsonl", completion(("a", listed), ("b", listed))))
    assert rows(saved) == [[-0.5, -1.5]] * 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "-1", [], 1e30])
def test_what_is_no_log_probability_is_refused(value):
    with pytest.raises(ValueError, match=r"a log-probability at choices\[0\].* expected a number"):
        draws_of(completion(("a", {"a": value, "b": -1.0})))


def test_an_echoed_prompt_is_no_draw(tmp_path):
    echoed = completion(("The", None), (" fire", dict(TOP)), ("a", dict(TOP)), ("b", dict(TOP)))
    assert len(draws_of({**echoed, "usage": {"prompt_tokens": 2}})) == 2
    with pytest.raises(ValueError, match=r"line 1: .* begins with the prompt"):
        load_draws(write(tmp_path / "draws.jsonl", echoed))


def test_errors_in_a_body_are_read_in_all_their_forms():
    assert error_in({"error": {"message": "a\nb", "code": 3}}) == "a b"
    assert error_in({"error": "no"}) == "no"
    assert error_in({"object": "error", "message": "no", "code": 400}) == "no"
    assert error_in({"error": None, "choices": []}) == error_in([]) == error_in({"id": 1}) == ""


def test_a_scale_is_told_from_two_lists():
    """Beyond rounding to 0.006 nat; lists that no factor relates give 1, too short ones None."""
    generator = np.random.default_rng(5)
    plain = dict(zip("abcdefgh", -generator.exponential(2.0, 8).cumsum(), strict=True))
    tempered = {
        name: value / 0.7 + 3.0 + generator.uniform(-0.006, 0.006) for name, value in plain.items()
    }
    assert slope_between(plain, tempered) == pytest.approx(0.7, abs=0.01)
    assert slope_between(plain, plain) == 1.0
    assert slope_between(plain, {name: -value for name, value in plain.items()}) == 1.0
    assert slope_between(plain, {**plain, None: -1.0, "z": -9999.0}) == 1.0
    assert slope_between(plain, dict(zip(plain, [*plain.values()][::-1], strict=True))) == 1.0
    assert slope_between({"a": -1.0, "b": -2.0}, {"a": -1.0, "b": -4.0}) is None


def test_an_address_is_returned_as_it_is():
    for url in ("http://127.0.0.1:8080/v1", "https://api.example.com/v1/", "http://[::1]:80"):
        assert as_url(url) == url
