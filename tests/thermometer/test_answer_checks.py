"""Servers whose answers are no evidence: other tokens than were drawn, no lists, short lists."""

import json
import re
from pathlib import Path

import pytest

from boltzmann.thermometer import load_draws
from boltzmann.thermometer.io.answer_checks import equal_texts, length_allowed
from boltzmann.thermometer.io.text_check import text_in_doubt, texts_of
from examples.dishonest_server import DishonestServer, _Handler
from tests.support.honest_answers import entry
from tests.support.live_audits import isolated, kept_lines, run  # noqa: F401
from tests.support.saved_responses import write


class Handler(_Handler):
    """Answers as some servers do that are no evidence."""

    def respond(self, body, number, fault):
        most = self.server.most
        asked = body.get("top_logprobs", body.get("logprobs"))
        if most is not None and asked > most:
            self.send(400, {"error": self.server.refusal.format(most=most, asked=asked)})
        else:
            super().respond(body, number, fault)

    def chat(self, body, number):
        answer = super().chat(body, number)
        for choice in answer["choices"]:
            self.server.change(choice, number)
        return answer


def server_that(change=lambda *_: None, most=None, refusal="", **options):
    """Return a server that changes each choice of a chat, or refuses lists that are too long."""
    server = DishonestServer(**options)
    server.RequestHandlerClass = Handler
    server.change, server.most, server.refusal = change, most, refusal
    return server


def report_the_likeliest(choice, _):
    """Report the likeliest tokens in place of those drawn, as mlx_lm.server 0.32 does."""
    for reported in choice["logprobs"]["content"]:
        first = reported["top_logprobs"][-1]
        reported.update({name: first[name] for name in ("token", "bytes", "logprob")})


def test_tokens_that_do_not_make_the_text_end_an_audit(capsys):
    with (
        server_that(report_the_likeliest) as server,
        pytest.raises(
            ValueError, match=r"3 answers in a row .* are not those of the text, .*"
        ) as e,
    ):
        run(server, "--api", "chat", t=1)
    assert "\n" not in str(e.value)
    assert len(server.bodies) == 3
    assert "go on" not in capsys.readouterr().err
    with server_that() as server:
        run(server, "--api", "chat", t=1, draws=160, keep="honest.jsonl")


def test_a_file_of_such_answers_is_refused():
    tokens = [{"token": name} for name in (" had", " in", " and")]
    bad = {"choices": [{"text": " came left a", "logprobs": {"content": [entry(0)] * 3}}]}
    for reported, named in zip(bad["choices"][0]["logprobs"]["content"], tokens, strict=True):
        reported |= named
    good = {"choices": [{"text": "abc", "logprobs": {"content": [entry(k) for k in range(3)]}}]}
    bad["choices"][0]["logprobs"]["content"] = [{**entry(0), **named} for named in tokens]
    with pytest.raises(ValueError, match=r"line 1: the tokens reported, ' had in and', are not"):
        load_draws(write(Path("draws.jsonl"), bad))
    assert len(load_draws(write(Path("draws.jsonl"), good, good, bad)).chosen) == 9


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["The", "Ġold", "Ġwoman", "<|im_end|>"], "The old woman"),  # spelled by a vocabulary
        (["▁The", "▁old", "<0xE2>", "<0x80>", "▁woman"], " The old\u2019woman"),
        (["The", " old", " woman", " STOP"], "The old woman"),  # a stop string is cut off
        (["Let", " me", " think", " so", " The", " answer"], " The answer"),  # reasoning
        (["The", " old", " woman"], "A prompt. The old woman"),  # echoed
        (["token_id:7", "token_id:9"], "The old woman"),
        (["a", "b"], "cdef"),  # too short to tell
        ([], "The old woman"),
    ],
)
def test_tokens_that_may_make_the_text_are_believed(tokens, text):
    entries = [{"token": token} for token in tokens]
    assert text_in_doubt({"completion_probabilities": entries, "content": text}) == ""
    choice = {"text": text, "logprobs": {"tokens": tokens}}
    assert text_in_doubt({"choices": [choice]}) == ""
    other = {"content": "quite another one", "completion_probabilities": entries}
    short = len(re.sub("[^a-z]", "", "".join(tokens).lower())) < 6 or "token_id" in tokens[0]
    assert (text_in_doubt(other) == "") == short


def test_texts_are_found_in_every_form():
    said = [
        {"content": "a"},
        {"response": "a", "done": True},
        {"message": {"content": "a"}, "done": True},
        {"generated_text": "a"},
        {"choices": [{"text": "a"}]},
        {"choices": [{"message": {"content": "a"}}]},
        {"object": "response", "output": [{"content": [{"text": "a"}]}]},
    ]
    assert [texts_of(answer) for answer in said] == [["a"]] * 7
    assert texts_of({"choices": [{"text": ""}, 3], "content": None}) == texts_of(7) == []


@pytest.mark.parametrize(
    ("said", "asked", "allowed"),
    [
        ("top_logprobs must be at most 11", 20, 11),
        ("Requested sample logprobs of 21, which is greater than max allowed: 20", 21, 20),
        ("Invalid 'logprobs': Expected a value <= 5, but got 20 instead.", 20, 5),
        ("Input validation error: `top_n_tokens` must be >= 0 and <= 5. Given: 20", 20, 5),
        ("top_logprobs is not allowed", 20, None),
        ("logprobs of at most 2", 20, None),
        ("max_tokens must be at most 11", 20, None),
    ],
)
def test_the_longest_list_that_is_allowed_is_read_from_a_refusal(said, asked, allowed):
    assert length_allowed(said, asked) == allowed


@pytest.mark.parametrize("t", [1, 0.7])
def test_lists_are_as_long_as_the_server_allows(t, capsys):
    """The number is lowered once, said, kept, and lowered at once where the audit goes on."""
    refusal = "top_logprobs must be at most {most}, not {asked}"
    with server_that(most=11, refusal=refusal) as server:
        for draws in (80, 160):
            run(server, "--api", "chat", t=t, draws=draws)
    lengths = [body["top_logprobs"] for body in server.bodies]
    assert lengths == [20] + [11] * (20 + (2 if t == 0.7 else 0))
    assert "lists 11 tokens at most" in " ".join(capsys.readouterr().out.split())
    assert kept_lines()[0]["audit"]["said"]["most_listed"] == 11


def test_a_refusal_of_another_form_of_lists_says_what_to_send():
    with (
        server_that(most=0, refusal="logprobs must be of type bool") as server,
        pytest.raises(ValueError, match=r"type bool: ask with --field logprobs=true --field top_l"),
    ):
        run(server, t=1)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["same"] * 20, "5 texts of one prompt are all equal at t = 0.7: it takes the likeliest"),
        ([f"text {k}" for k in range(20)], "5 of 5 texts of one prompt differ, so that it samples"),
    ],
)
def test_a_server_without_log_probabilities_is_told_what_its_texts_tell(texts, told):
    bodies = [json.dumps({"choices": [{"text": text}]}) for text in texts]
    with (
        DishonestServer(faults=[f"body {body}" for body in bodies]) as server,
        pytest.raises(ValueError, match=rf"which were asked for: no temperature .*; {told}") as e,
    ):
        run(server, t=0.7)
    assert "ask for logprobs" not in str(e.value)
    assert len(server.bodies) == 2 + 5
    assert equal_texts(["a"], 1.0) == ""
