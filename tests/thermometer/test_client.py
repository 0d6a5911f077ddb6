"""The client of a live server: what is sent, what is sent again, and how failures are reported."""

import asyncio
import threading
from datetime import datetime
from pathlib import Path

import pytest

from boltzmann.thermometer import SamplingLaw
from boltzmann.thermometer.io import client, exchange
from boltzmann.thermometer.io.exchange import Exchange
from boltzmann.thermometer.io.requests import AuditRequest
from examples.dishonest_server import DishonestServer
from tests.support.live_audits import isolated, kept_lines, run, run_with_defaults  # noqa: F401

PATIENCE = 120  # seconds after which threads are given up


def test_what_is_sent_is_what_the_interface_defines():
    sent = {
        "completions": {"prompt", "max_tokens", "temperature", "top_p", "logprobs"},
        "chat": {"messages", "max_tokens", "temperature", "top_p", "logprobs", "top_logprobs"},
        "llama": {
            "prompt",
            "n_predict",
            "temperature",
            "n_probs",
            "top_p",
            "top_k",
            "min_p",
            "typical_p",
            "repeat_penalty",
        },
    }
    for api, names in sent.items():
        with DishonestServer() as server:
            run(server, "--api", api, t=1, draws=8, keep=f"{api}.jsonl")
            more = ["--model", "tiny", "--top-k", 9]
            run(server, "--api", api, *more, t=1, draws=8, keep=f"{api}2.jsonl")
        first, second = server.bodies
        assert first.keys() - {"path"} == names
        assert second.keys() - {"path"} == names | {"model", "top_k"}
        assert (second["top_k"], first["top_p"]) == (9, 1.0)


@pytest.mark.parametrize("fault", ["429", "429 0.05", "500", "503 0", "408", "cut", "hang-up"])
def test_a_request_is_sent_again_after_a_failure_that_may_pass(fault):
    with DishonestServer(faults=[""] * 3 + [fault] * 3) as server:
        assert run(server, draws=80) == 2
    assert len(server.bodies) == 2 + 10 + 3
    assert len(kept_lines()) == 1 + 10


def test_a_request_that_takes_too_long_is_sent_again():
    with DishonestServer(faults=["", "", "sleep 5"]) as server:
        assert run(server, "--timeout", 1, draws=40) == 2
    assert len(kept_lines()) == 1 + 5


def test_a_request_may_be_sent_again_very_often(monkeypatch):
    async def refuse(*_):
        raise exchange.TransientError("busy")

    monkeypatch.setattr(client, "BACKOFF", 0.0)
    monkeypatch.setattr(Exchange, "post", refuse)
    with pytest.raises(ValueError, match=r"busy \(1101 times\)"):
        asyncio.run(collector(retries=1100).answer("request 1", {}))


def collector(**settings):
    """Return a collector without a connection or a journal."""
    request = AuditRequest("http://a", "chat", SamplingLaw(1.0))
    return client._Collector(request, None, client.ClientSettings(**settings), None)


def test_retry_after_is_waited_for_by_all_requests(monkeypatch):
    """The waits by a clock that stands still, for a request and for a later one."""
    waits = []
    answers = [exchange.TransientError("busy", 30.0), {"choices": []}, {"choices": []}]

    async def sleep(seconds):
        waits.append(seconds)

    async def ask_once(*_):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask_two():
        shared = collector()
        await shared.answer("request 1", {})
        await shared.answer("request 2", {})

    monkeypatch.setattr(client, "monotonic", lambda: 1000.0)
    monkeypatch.setattr(Exchange, "post", ask_once)
    with monkeypatch.context() as patched:
        patched.setattr(client.asyncio, "sleep", sleep)
        asyncio.run(ask_two())
    assert waits == [0.0, 30.0, 30.0]


class Noon(datetime):
    """A clock that stands at noon."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 1, 12, tzinfo=tz)


def test_retry_after_is_a_number_of_seconds_or_a_date(monkeypatch):
    monkeypatch.setattr(exchange, "datetime", Noon)
    assert exchange._seconds_to_wait("Thu, 01 Jan 2026 12:50:00 GMT") == 3000
    assert exchange._seconds_to_wait("2.5") == 2.5
    for header in ("soon", "", "-3"):
        assert exchange._seconds_to_wait(header) == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("429 86400", r"request 1 .* expected status 200, got 429 Too Many Requests: it is 429"),
        ("400", "expected status 200, got 400 Bad Request: it is 400"),
        ("404", "expected status 200, got 404 Not Found"),
        ("307", "expected status 200, got 307"),
        ("body <html>", r"expected JSON, got '<html>' \(3 times\)"),
        ('body "yes"', "expected a JSON object, got 'yes'"),
        ("body null", "expected a JSON object, got None"),
        (
            'body {"id": 3}',
            r"expected 'choices' or another answer .* got an object of \['id'\]",
        ),
        ('body {"choices": [3]}', "expected an object with 'logprobs' in choices, got 3"),
        ('body {"choices": [{"logprobs": {"tokens": 3, "top_logprobs": []}}]}', "expected a list"),
        (
            'body {"choices": [{"logprobs": {"tokens": ["a"], "top_logprobs": [7]}}]}',
            "expected an object at",
        ),
        (
            'body {"error": {"message": "out of memory"}}',
            "the server reports an error: out of memory",
        ),
        ('body {"error": {"message": "busy", "code": 503}}', r"reports an error: busy \(3 times\)"),
        (
            'body {"object": "error", "message": "no such thing"}',
            "the server reports an error: no such thing",
        ),
        ("nan", "a log-probability at .* is nan: expected a number"),
        ("hang-up", r"no answer: .* \(3 times\)"),
        ("sleep 5", r"no answer within 0.5 s \(3 times\)"),
        ("500", r"expected status 200, got 500 .* \(3 times\)"),
    ],
)
def test_a_failure_that_stays_is_reported_in_one_line(fault, message):
    with (
        DishonestServer(faults=[""] * 1 + [fault] * 9) as server,
        pytest.raises(ValueError, match=message) as caught,
    ):
        run(server, "--retries", 2, "--timeout", 0.5 if "sleep" in fault else 60, t=1, draws=80)
    assert "\n" not in str(caught.value)
    assert server.url in str(caught.value)
    assert "request 1 " in str(caught.value)


def test_a_server_that_is_not_there_is_named_at_once():
    with DishonestServer() as server:
        pass
    with pytest.raises(ValueError, match="no answer: "):
        run(server)
    assert not Path("draws.jsonl").exists()


def test_a_wrong_address_is_named():
    hint = r"got 404 Not Found: .*: is it the right url and api\?"
    with DishonestServer() as server:
        with pytest.raises(ValueError, match=hint):
            run(server, "--url", server.url.replace("v1", "v2"))
        with pytest.raises(ValueError, match=rf"got 404 Not Found: .*: try --url {server.url}$"):
            run(server, "--url", server.url.removesuffix("v1"))
        with pytest.raises(ValueError, match=hint):
            run(server, "--url", server.url.replace("v1", "v2"), "--api", "llama")
    assert len(server.bodies) == 3
    with pytest.raises(ValueError, match="no answer: Invalid IDNA hostname"):
        run(server, "--url", "http://\u2603.com/")


WITHOUT_TOKENS = {
    'body {"choices": []}': "expected 'choices' with an entry",
    'body {"choices": [{"text": "a", "logprobs": null}]}': "ask for logprobs",
    'body {"choices": [{"logprobs": {"tokens": ["a"], "top_logprobs": null}}]}': "at least 3",
    'body {"choices": [{"logprobs": {"content": [{"token": "a"}]}}]}': "'top_logprobs'",
    'body {"choices": [{"logprobs": {"content": null}}]}': "brought no token",
}


@pytest.mark.parametrize("body", WITHOUT_TOKENS)
@pytest.mark.parametrize(("good", "answers"), [(0, 2), (4, 20)])
def test_answers_without_tokens_end_an_audit(good, answers, body):
    """After two if no other came, and five for their texts; after 20 in a row otherwise."""
    message = rf"{answers} answers in a row .* brought no token.*{WITHOUT_TOKENS[body]}"
    if body.endswith("null}}]}") and "content" in body:
        message = rf"{answers} answers in a row .* brought no token"
    texts = 0
    if '"logprobs": null' in body and not good:
        message = "2 answers in a row .* came without log-probabilities, which were asked for"
        texts = 5
    with (
        DishonestServer(faults=[""] * good + [body] * 99) as server,
        pytest.raises(ValueError, match=message),
    ):
        run(server, t=1)
    assert len(server.bodies) == good + answers + texts


@pytest.mark.parametrize("t", [1, 0.7])
@pytest.mark.parametrize("body", WITHOUT_TOKENS)
def test_one_answer_without_tokens_ends_no_audit(body, t):
    for place in (0, 3):
        with DishonestServer(faults=[""] * place + [body]) as server:
            run(server, t=t, draws=80, keep=f"{place}.jsonl")
        assert len(server.bodies) == (2 if t == 0.7 else 0) + 10 + 1


@pytest.mark.parametrize("api", ["completions", "chat", "llama"])
def test_lists_that_are_too_short_are_told_after_the_first_answer(api):
    asked = ["--api", api, "--field", "logprobs=1" if api == "completions" else "top_logprobs=2"]
    asked += ["--field", "n_probs=2"] if api == "llama" else []
    with (
        DishonestServer(style="openai") as server,
        pytest.raises(ValueError, match=r"lists 2 of the 20 tokens asked for: at least 3"),
    ):
        run(server, *asked, t=1)
    assert len(server.bodies) == 1


def test_requests_are_under_way_at_once_and_no_more_than_allowed():
    """The first five answers wait for each other."""
    meeting = threading.Barrier(5)

    class MeetingServer(DishonestServer):
        def draw(self, prompt, body, number):
            if number < 5:
                meeting.wait(PATIENCE)
            return super().draw(prompt, body, number)

    with MeetingServer() as server:
        run(server, "--concurrency", 5, t=1, draws=160)
    assert not meeting.broken
    assert server.most_under_way == 5
    assert len(server.bodies) <= 20 + 4


def test_a_prompt_is_repeated_at_least_as_often_as_requests_are_under_way():
    for concurrency, repeats in ((4, 16), (20, 20)):
        keep = f"{concurrency}.jsonl"
        asked = ["--prompt", "It", "--prompt", "She", "--concurrency", concurrency, "--keep", keep]
        with DishonestServer() as server:
            run_with_defaults(server, "--fixed", "--draws", 50, "--tokens", 1, *asked, t=1)
        prompts = {line["request"]: line["prompt"] for line in kept_lines(keep)[1:]}
        assert [prompts[k] for k in range(50)] == (2 * (["It"] * repeats + ["She"] * repeats))[:50]
