"""Files of saved draws: the forms of a line, their groups, and what is refused."""

import json

import numpy as np
import pytest

from boltzmann.thermometer import load_draws
from tests.support.saved_responses import TOP, chat, completion, rows, write


def short(length):
    return chat(*[("a", -0.5, TOP[:length])] * 4)


def test_the_output_of_a_batch_is_unwrapped(tmp_path):
    response = chat(("a", -0.5, TOP), ("b", -1.5, TOP))
    wrapped = {"status_code": 200, "body": response}
    line = {"id": "x", "custom_id": "y", "response": wrapped, "error": None}
    bare = load_draws(write(tmp_path / "bare.jsonl", response, response, response))
    saved = load_draws(write(tmp_path / "draws.jsonl", line, response, line))
    assert rows(saved) == rows(bare)
    assert saved.groups == [0, 0, 1, 1, 2, 2]


def test_a_chat_that_was_streamed_is_one_group(tmp_path):
    def chunk(name, *entries):
        choices = (
            chat(*entries)["choices"] if entries else [{"delta": {"role": "x"}, "logprobs": None}]
        )
        return {"id": name, "object": "chat.completion.chunk", "choices": choices}

    tokens = [chunk(name, (token, -0.5, TOP)) for name in "xy" for token in "abc"]
    end = {**chunk("y"), "choices": [], "usage": {"prompt_tokens": 3}}
    lines = [
        f"data: {json.dumps(line)}\n"
        for line in (chunk("x"), *tokens, end, {**end, "object": "text_completion"})
    ]
    saved = load_draws(write(tmp_path / "draws.jsonl", *lines, "data: [DONE]"))
    assert saved.groups == [0] * 3 + [1] * 3
    assert len(saved.chosen) == 6


def test_choices_of_one_request_are_one_group(tmp_path):
    two = completion(("a", dict(TOP)), ("b", dict(TOP)), ("a", dict(TOP)))
    two["choices"] *= 2
    saved = load_draws(write(tmp_path / "draws.jsonl", two, "", two))
    assert saved.groups == [0] * 6 + [1] * 6
    assert np.isfinite(saved.read().clustered_error)


def test_draws_are_in_the_order_of_their_requests(tmp_path):
    """Answers come back in any order; requests that share random numbers follow on one another."""
    lines = [
        {
            "request": k,
            "prompt": "",
            "response": chat(("a", -0.5 - k, [("a", -0.5 - k), ("b", -9.0), ("c", -9.5)])),
        }
        for k in (2, 0, 1)
    ]
    saved = load_draws(write(tmp_path / "draws.jsonl", *lines))
    assert [row[0] for row in saved.logprobs] == [-0.5, -1.5, -2.5]


def kept(scale, *numbers):
    """Return the lines of an audit that a server was asked for."""
    answers = [
        {"request": k, "prompt": "", "response": chat(("a", -0.5, TOP), ("b", -1.5, TOP))}
        for k in numbers
    ]
    return [{"audit": {"scale": scale}}, *answers]


def test_requests_of_two_audits_in_one_file_are_groups_of_their_own(tmp_path):
    """Each counts from 0, and a saved response, in whichever line, is none of theirs."""
    response = chat(("a", -0.5, TOP))
    lines = [*kept(0.7, 0, 2, 4), response, *kept(0.7, 0, 8), response]
    saved = load_draws(write(tmp_path / "draws.jsonl", *lines))
    assert saved.groups == [0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert saved.scale == 0.7


def test_audits_that_found_different_scales_are_not_mixed(tmp_path):
    path = write(tmp_path / "draws.jsonl", *kept(1.0, 0), *kept(0.5, 0))
    with pytest.raises(
        ValueError, match=r"line 3: the scale is 0.5, and 1.0 in an audit before: give one"
    ):
        load_draws(path)
    assert load_draws(path, scale=0.5).scale == 0.5


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "draws.jsonl"
    path.write_text('{"logprobs": [-0.5, -1.0], "chosen": 1}\n', encoding="utf-8-sig")
    assert load_draws(path).chosen == [1]


def test_an_answer_without_a_token_adds_no_draw(tmp_path):
    empty = {"choices": [{"logprobs": {"content": None}}]}
    saved = load_draws(write(tmp_path / "draws.jsonl", empty, chat(("a", -0.5, TOP))))
    assert len(saved.chosen) == 1
    with pytest.raises(ValueError, match="there is no draw"):
        load_draws(write(tmp_path / "draws.jsonl", empty))


def test_the_simple_form(tmp_path):
    lines = [
        {"logprobs": [0.001, -1.0, -2.0], "chosen": 1, "group": "x"},
        {"logprobs": {"a": -0.5, "b": -1.0}, "chosen": "b", "group": "x"},
        {"logprobs": {"a": -0.5, "b": -1.0}, "chosen": "z", "group": 3},
        '{"logprobs": [-0.5, -Infinity], "chosen": null}',
    ]
    saved = load_draws(write(tmp_path / "draws.jsonl", *lines))
    assert saved.chosen == [1, 1, -2, None]
    assert saved.groups == [0, 0, 1, 2]
    assert saved.read().left_out == {"withheld": 1, "not listed": 1}
    halved = load_draws(tmp_path / "draws.jsonl", scale=0.5)
    assert halved.logprobs[0].tolist() == [0.0005, -0.5, -1.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "draws.jsonl is empty: lines of JSON are expected"),
        (b"\n\n", "draws.jsonl is empty"),
        (b"\x80\x81", "is no text: lines of JSON are expected"),
        (b"hello\n", "line 1 is not JSON: 'hello'"),
        (b'{"logprobs": [-1, -2], "chosen": 0}\n{"logp', "line 2 is not JSON"),
        (b"[" * 100_000, "line 1 is not JSON"),
        (b"3", "line 1: expected a JSON object, got 3"),
        (
            b"{}",
            r"line 1: expected 'choices' or another answer .* got an object of \[\]",
        ),
        (b'{"chosen": 0}', "expected a list or an object 'logprobs'"),
        (
            b'{"chosen": 2, "logprobs": [-1, -2]}',
            "'chosen' is 2: expected a place from 0 to 1, or null",
        ),
        (b'{"chosen": 0, "logprobs": ["a"]}', "expected numbers in 'logprobs'"),
        (b'{"chosen": 0, "logprobs": [true, -1]}', "expected numbers in 'logprobs'"),
        (b'{"chosen": 0, "logprobs": [-1, NaN]}', "expected numbers below infinity"),
        (
            b'{"chosen": 0, "logprobs": [-1, 3]}',
            r"expected numbers of at most 0 in 'logprobs', got \[-1.0, 3.0\]: raw logits have",
        ),
        (
            b'{"chosen": 0, "logprobs": [0.5, 0.3, 0.2]}',
            "these look like probabilities, whose logarithms",
        ),
        (
            b'{"chosen": 0, "logprobs": [-Infinity, -Infinity]}',
            "line 1: 'logprobs' is -inf throughout",
        ),
        (
            b'[{"chosen": 0, "logprobs": [-1, -2]}]',
            "line 1: one object a line is expected, not a list",
        ),
        (b'{\n  "chosen": 0,\n', "line 1 is not JSON: '{': one object a line is expected"),
        (
            json.dumps(
                {"custom_id": "a", "response": {"body": {"error": {"message": "no"}}}}
            ).encode(),
            "error: no",
        ),
        (
            json.dumps({"custom_id": "a", "response": None, "error": {"message": "late"}}).encode(),
            "error: late",
        ),
        (
            json.dumps(short(1)).encode(),
            r"at most 1 tokens are listed: ask for at least 3 \(top_logprobs",
        ),
        (json.dumps(short(0)).encode(), "at most 0 tokens are listed: ask for at least 3"),
        (
            json.dumps({"choices": [{"logprobs": [[[list("abcdef")] * 6] * 6] * 6}]}).encode(),
            r".{99}…: ask",
        ),
        (b'{"chosen": [], "logprobs": {"a": -1}}', r"line 1: 'chosen' is \[\]: expected a text"),
        (b'{"chosen": 7, "tokens": [7], "logprobs": [-1, -2]}', "expected a list 'tokens' of 2"),
        (b'{"chosen": 7, "tokens": [7, 7], "logprobs": [-1, -2]}', "expected distinct ids"),
        (b'{"chosen": 7, "logprobs": [-1, -2]}', "an id needs a list of them, 'tokens'"),
        (b'{"chosen": 0, "logprobs": [3, 2]}', "raw logits have the name 'logits'"),
        (b'{"chosen": 0, "logits": [NaN, 2]}', "expected numbers below infinity in 'logits'"),
        (b'{"chosen": true, "logprobs": [-1, -2]}', "line 1: 'chosen' is True"),
        (b'{"audit": {}}', "line 1: scale must be"),
        (b'{"audit": 3}', "line 1: expected an object 'audit', got 3"),
        (b'{"response": {}}', "line 1: request must be a whole number"),
        (b'{"chosen": 0, "logprobs": [-1' + b"0" * 400 + b"]}", "line 1: "),
        (b'{"chosen": null, "logprobs": [-1, -2]}', "no draw can be read"),
        (b'{"error": "quota"}', "line 1: the server reports an error: quota"),
        (
            b'{"completion_probabilities": [{"token": "a", "prob": 1, "top_probs": ['
            b'{"token": "a", "prob": 0.5}, {"token": "b", "prob": 0.3}, {"token": "c", "prob": 0.2}'
            b"]}]}",
            r"probabilities after sampling, .* \(--logprobs tempered\)",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(content, message, tmp_path):
    path = tmp_path / "draws.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_draws(path).read()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value).removeprefix(str(path))) < 220


def test_ids_and_raw_logits_name_the_same_draws(tmp_path):
    """Logits have any sum; ids stand beside the numbers, or name them as texts, as JSON does."""
    x = [-0.6, -1.3, -2.1]
    shifted = [value + 7.5 for value in x]
    ids = [266, 13, 9]
    lines = [
        {"logprobs": x, "chosen": 1},
        {"tokens": ids, "logprobs": x, "chosen": 13},
        {"tokens": ids, "logits": shifted, "chosen": 13},
        {"logprobs": dict(zip(map(str, ids), x, strict=True)), "chosen": 13},
        {"logits": shifted, "chosen": 1},
        {"tokens": ids, "logprobs": x, "chosen": 7},
        {"tokens": ids, "logprobs": x, "chosen": None},
    ]
    saved = load_draws(write(tmp_path / "draws.jsonl", *lines))
    assert saved.chosen == [1, 1, 1, 1, 1, -2, None]
    assert [row[0] - row[1] for row in rows(saved)] == pytest.approx([0.7] * 7)
    assert saved.unidentified == [0, 0, 1, 0, 1, 0, 0]
