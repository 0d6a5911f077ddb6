"""Audits over every interface: what is sent, what is read, whole and streamed."""

import json

import pytest

from boltzmann.thermometer import SamplingLaw, load_draws
from boltzmann.thermometer.io.events import chunks_in, joined
from boltzmann.thermometer.io.interfaces import INTERFACES, field_in, split_url, with_field
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.responses import parse_response
from tests.support.answer_forms import answer, stream
from tests.support.live_audits import LONG, isolated, run  # noqa: F401
from tests.support.other_servers import OtherServer


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", INTERFACES)
def test_an_audit_over_each_interface_reads_the_temperature(api, streamed):
    """1,200 draws at 0.7, asked for and sampled: a miss by 5 errors has a probability of 6e-7."""
    with OtherServer() as server:
        more = ["--field", f"stream={str(streamed).lower()}"] if streamed else []
        if not (streamed and api == "sglang"):  # each of its chunks repeats all tokens before
            more += LONG
        run(server, "--api", api, *more, t=0.7, draws=1200)
        bodies = server.bodies
    assert {body["path"] for body in bodies} == {AuditRequest(server.url, api, SamplingLaw(1)).path}
    reading = load_draws("draws.jsonl").read()
    assert reading.draws > 1000
    assert abs(reading.temperature - 0.7) < 5 * reading.standard_error


@pytest.mark.parametrize("api", INTERFACES)
def test_a_body_names_what_is_claimed_and_lists_as_asked(api):
    claim = SamplingLaw(0.6, top_k=9, top_p=0.8, min_p=0.1)
    request = AuditRequest("http://a/v1", api, claim, tokens=20, listed=7)
    body = request.body(0)
    interface = INTERFACES[api]
    assert field_in(body, interface.length) == 20
    assert field_in(body, interface.list_length) == 7
    found = next((body[x] for x in ("options", "parameters", "sampling_params") if x in body), body)
    names = ("temperature", "top_k", "top_p", "min_p")
    assert [found[name] for name in names] == [0.6, 9, 0.8, 0.1]
    assert not any("seed" in name for name in {**body, **found})


def test_a_field_may_lead_into_an_object():
    fields = {"options.top_k": 3, "options.num_ctx": 512, "raw": True, "a.b": 1}
    body = AuditRequest("http://a", "ollama", SamplingLaw(1), fields=fields).body(0)
    assert (body["options"]["top_k"], body["options"]["num_ctx"]) == (3, 512)
    assert (body["raw"], body["a.b"]) == (True, 1)
    assert with_field({"a": 1}, "a.b", 2) == {"a": 1, "a.b": 2}


@pytest.mark.parametrize(
    ("url", "base", "api"),
    [
        ("http://a/v1/completions", "http://a/v1", "completions"),
        ("http://a/v1/chat/completions/", "http://a/v1", "chat"),
        ("http://a/v1/responses", "http://a/v1", "responses"),
        ("http://a/completion", "http://a", "llama"),
        ("http://a/api/generate", "http://a", "ollama"),
        ("http://a/api/chat", "http://a", "ollama-chat"),
        ("http://a/generate", "http://a", ""),
        ("http://a/v1", "http://a/v1", ""),
        ("http://a", "http://a", ""),
    ],
)
def test_the_end_of_an_address_names_the_interface(url, base, api):
    assert split_url(url) == (base, api)


def test_an_address_and_an_interface_that_differ_are_refused():
    with OtherServer() as server:
        run(server, "--url", f"{server.url}/chat/completions", t=1, draws=16)
        assert server.bodies[0]["path"] == "/v1/chat/completions"
        with pytest.raises(ValueError, match=r"ends with /chat/completions, and --api is llama"):
            run(server, "--url", f"{server.url}/chat/completions", "--api", "llama", t=1)


@pytest.mark.parametrize("form", ["ollama", "ollama-chat", "responses", "sglang", "tgi", "llama"])
def test_the_chunks_of_a_stream_make_the_whole_answer(form):
    whole = parse_response(answer(form, [0, 1, 2, 0]))
    found = parse_response(joined(stream(form, [0, 1, 2, 0])))
    assert found.draws == whole.draws
    assert (found.left_out, found.skipped) == ({}, {})


def test_events_are_read_as_servers_write_them():
    text = ': hello\n\nevent: a\ndata: {"a": 1}\n\ndata:{"a": 2}\n\ndata: [DONE]\n\n'
    assert chunks_in(text) == [{"a": 1}, {"a": 2}]
    assert chunks_in('{"a": 1}\n{"a": 2}\n') == [{"a": 1}, {"a": 2}]
    assert chunks_in("<html>\n<body>") is None
    assert chunks_in('{"a": 1') is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('data: {"odd": 1}', r"a stream of 1 chunks of no known form, such as {'odd': 1}: ask wit"),
        ('data: {"error": {"message": "no room"}}', "the server reports an error: no room"),
    ],
)
def test_a_stream_that_cannot_be_read_is_called_a_stream_at_once(body, message):
    with (
        OtherServer(faults=[f"body {body}"] * 9) as server,
        pytest.raises(ValueError, match=message),
    ):
        run(server, t=1)
    assert len(server.bodies) == 1


def test_a_first_request_without_an_answer_is_not_sent_again():
    with OtherServer(faults=["sleep 5"]) as server:
        with pytest.raises(ValueError, match=r"no answer within 0.5 s: .* raise --timeout$"):
            run(server, "--timeout", 0.5, t=1)
        assert len(server.bodies) == 1
        encrypted = server.url.replace("http:", "https:")
        with pytest.raises(ValueError, match=r"no answer"):
            run(server, "--url", encrypted, "--timeout", 0.5, t=1)


def test_the_probe_of_the_temperature_asks_without_truncation():
    """Fields that turn one off are sent, those that truncate or ask for more tokens are not."""
    fields = {"top_k": 0, "min_p": 0.2, "min_tokens": 9, "user": "me"}
    claim = SamplingLaw(0.7, top_k=5, top_p=0.5)
    request = AuditRequest("http://a/v1", "completions", claim, fields=fields)
    probe = request.probe("It", 0.5)
    assert (probe["temperature"], probe["top_p"], probe["max_tokens"]) == (0.5, 1.0, 1)
    assert (probe["top_k"], probe["user"]) == (0, "me")
    assert not {"min_p", "min_tokens"} & {*probe}
    assert {"min_p", "min_tokens"} <= {*request.body(0)}


@pytest.mark.parametrize(("flat", "probes"), [(0, 2), (2, 4), (8, 8)])
def test_the_probe_asks_other_prompts_until_lists_tell(flat, probes, capsys):
    """Of lists that are nearly flat, no factor shows: after four prompts the audit says so."""
    tops = {"a": -1.0, "b": -1.1, "c": -1.2}
    logprobs = {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [tops]}
    body = json.dumps({"choices": [{"text": "a", "logprobs": logprobs}]})
    with OtherServer(faults=[f"body {body}"] * flat) as server:
        run(server, t=0.7, draws=80)
        asked = [body["prompt"] for body in server.bodies if body["max_tokens"] == 1]
    assert len(asked) == probes
    assert len({*asked}) == probes // 2
    words = " ".join(capsys.readouterr().out.split())
    assert ("lists had too few tokens in common to tell" in words) == (flat == 8)
