"""Audits over real HTTP: of a server on this machine, honest or not, polite or not.

Draws are made with fixed seeds, one request at a time where the answer depends on their order. An
honest server fails one audit in a thousand by design (`false_alarms`); none of those here does.
1,200 draws name a fault, as its log-likelihood ratio is above 30 nats there, where 10 would do."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="httpx is not installed")

from boltzmann.__main__ import _parser
from boltzmann.thermometer import SamplingLaw
from boltzmann.thermometer.io import client, requests
from boltzmann.thermometer.io.requests import AuditRequest
from examples.dishonest_server import MODEL, DishonestServer

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ("The fire was", "The old woman", "It was cold and", "The water in the")
KEY = "sk-tiny-0123456789"


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No proxy, no waiting, and a folder of its own."""
    monkeypatch.setattr(client, "BACKOFF", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)


def parsed(*arguments):
    return _parser().parse_args(["audit", *map(str, arguments)])


def run(server, *arguments, t=0.7, draws=1200, keep="draws.jsonl", prompts=PROMPTS):
    """Audit; a later argument overrides an earlier one."""
    asked = [word for prompt in prompts for word in ("--prompt", prompt)]
    usual = [
        "--tokens",
        8,
        "--concurrency",
        1,
        "--resolution",
        0.25,
        "--draws",
        draws,
        "--keep",
        keep,
    ]
    options = parsed("--url", server.url, "--temperature", t, *usual, *asked, *arguments)
    return options.run(options)


def audit_as_it_is(server, *arguments, t=0.7):
    """Audit with the options that are there without being given."""
    options = parsed("--url", server.url, "--temperature", t, *arguments)
    return options.run(options)


def fields(path="draws.jsonl"):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def reading(out):
    """Return the temperature and the error that were printed."""
    line = next(line for line in out.splitlines() if line.startswith("temperature"))
    value, error = line.removeprefix("temperature").split("±")
    return float(value), float(error)


@pytest.mark.parametrize(
    ("api", "style", "listed"),
    [
        ("completions", "vllm", 20),
        ("completions", "vllm", 5),
        ("chat", "vllm", 5),
        ("chat", "openai", 5),
        ("llama", "vllm", 20),
    ],
)
def test_an_honest_server_is_read_at_its_temperature(api, style, listed, capsys):
    """4 σ is missed once in 16,000; a list that is taken for the likeliest although it is not is off by 8 σ."""
    with DishonestServer(style=style) as server:
        status = run(server, "--api", api, "--listed", listed, draws=3000)
    out = capsys.readouterr().out
    t, error = reading(out)
    assert status == 0, out
    assert error < 0.03
    assert abs(t - 0.7) < 4 * error


WHOLE = [
    "--api",
    "llama",
    "--listed",
    len(MODEL.tokens),
    "--draws",
    160,
]  # top_p is a share of the whole vocabulary


@pytest.mark.parametrize(
    ("habit", "arguments", "fault"),
    [
        ("squared", [], "squared"),
        ("squared", ["--api", "chat"], "squared"),
        ("squared", ["--api", "llama"], "squared"),
        ("doubled", [], "doubled"),
        ("ignored", ["--api", "chat"], "ignored"),
        ("greedy", [], "greedy"),
        ("greedy", ["--api", "llama"], "greedy"),
        ("top_k", ["--api", "chat"], "hidden_top_k"),
        ("top_k", ["--api", "llama"], "hidden_top_k"),
        ("honest", ["--field", "temperature=3"], "wrong_temperature"),
        ("temperature last", ["--top-p", 0.8, *WHOLE], "swapped_order"),
        ("honest", ["--min-p", 0.1, "--temperature-last"], "swapped_order"),
        ("honest", ["--min-p", 0.1, "--field", "min_p=0"], "missing_truncation"),
    ],
)
def test_what_a_server_does_wrong_is_named(habit, arguments, fault, capsys):
    with DishonestServer(habit) as server:
        t = 0.5 if fault in ("swapped_order", "missing_truncation") else 0.7
        assert run(server, *arguments, t=t) == 1
    assert f"fails, {fault}: " in capsys.readouterr().out


def test_a_truncation_that_is_claimed_holds(capsys):
    for habit, arguments in (("honest", []), ("temperature last", ["--temperature-last"])):
        with DishonestServer(habit) as server:
            status = run(server, "--min-p", 0.05, *arguments, draws=3000, keep=f"{habit}.jsonl")
        out = " ".join(capsys.readouterr().out.split())
        assert status == 0, out
        assert re.search(r" 0\.(6[7-9]|7[0-3]?)\d* with the truncation claimed", out)


@pytest.mark.parametrize("listed", [20, 5])
def test_a_top_p_that_is_claimed_is_judged_from_short_lists(listed, capsys):
    """An honest one does not fail; one that is not there does; short lists hardly tell how far another reaches."""
    asked = ["--top-p", 0.9, "--listed", listed]
    with DishonestServer() as server:
        status = run(server, *asked, draws=3000)
        out = " ".join(capsys.readouterr().out.split())
        assert status != 1, out
        assert re.search(
            rf"a truncation beyond the ({listed}|{listed - 1}) likeliest is not seen", out
        )
        assert re.search(r" \d+ draws left out: lists do not tell whether the top-p claimed", out)
        assert run(server, *asked, "--field", "top_p=1", draws=3000, keep="none.jsonl") == 1
    assert re.search(
        "fails, (missing_truncation|swapped_order|hidden_top_p): ", capsys.readouterr().out
    )


def test_noise_that_requests_share_is_named(capsys):
    """Each of 10 requests running answers with the numbers of the first."""
    with DishonestServer(batch=10) as server:
        assert run(server, draws=2400, prompts=PROMPTS[:1]) == 1
    assert "fails, dependent_draws: " in capsys.readouterr().out


@pytest.mark.parametrize("batch", [4, 10])
def test_noise_that_requests_share_is_named_with_the_options_as_they_are(batch, capsys):
    """Requests that are under way at once have their prompt in common, and share whole answers."""
    with DishonestServer(batch=batch) as server:
        assert audit_as_it_is(server, "--draws", 3000) == 1
    assert "fails, dependent_draws: " in capsys.readouterr().out
    asked = [body["prompt"] for body in server.bodies[2:]]
    assert set(asked) == set(requests.OPENINGS)


def test_prompts_are_asked_in_runs_as_long_as_requests_are_many():
    for concurrency, run in ((4, 16), (20, 20)):
        keep = f"{concurrency}.jsonl"
        asked = ["--prompt", "It", "--prompt", "She", "--concurrency", concurrency, "--keep", keep]
        with DishonestServer() as server:
            audit_as_it_is(server, "--draws", 50, "--tokens", 1, *asked, t=1)
        prompts = {line["request"]: line["prompt"] for line in fields(keep)[1:]}
        assert [prompts[k] for k in range(50)] == (2 * (["It"] * run + ["She"] * run))[:50]


@pytest.mark.parametrize(
    ("habit", "verdict"),
    [
        ("honest", "holds"),
        ("squared", "fails, squared"),
        ("doubled", "fails, doubled"),
        ("ignored", "fails, ignored"),
    ],
)
def test_2000_draws_at_a_temperature_of_0_7_are_enough(habit, verdict, capsys):
    """A temperature off by 20 % stands out in half of them."""
    with DishonestServer(habit) as server:
        assert audit_as_it_is(server, "--draws", 2000) == (verdict != "holds")
    assert f"verdict       {verdict}: " in capsys.readouterr().out


def test_a_negative_temperature_is_refused_and_can_be_asked_for(capsys):
    """Engines make greedy of it, or 1: the audit asks with a field of its own, and claims what was promised."""
    with DishonestServer("1 when negative") as server:
        with pytest.raises(
            ValueError, match=r"--temperature is -0.7: .* send it by --field temperature"
        ):
            run(server, t=-0.7)
        assert server.bodies == []
        asked = ["--field", "temperature=-0.7"]
        assert run(server, *asked, t=0, keep="greedy.jsonl") == 1
        assert "fails, ignored: " in capsys.readouterr().out
        assert run(server, *asked, t=1, draws=2400, keep="one.jsonl") == 0


def test_pieces_of_characters_are_left_out_on_both_sides(capsys, monkeypatch):
    """llama-server withholds them when they are drawn; a reading that still offers them is far off."""
    pieces = {
        token
        for token, spelled in enumerate(MODEL.tokens)
        if spelled.startswith((b" the", b" a", b"."))
    }
    with DishonestServer(pieces=pieces) as server:
        assert run(server, "--api", "llama", draws=3000) == 0
    t, error = reading(capsys.readouterr().out)
    assert abs(t - 0.7) < 4 * error
    path = Path("draws.jsonl")
    path.write_text(
        path.read_text().replace("[226, 128]", "[65]")
    )  # as if they were ordinary tokens
    options = parsed(path, "--temperature", 0.7, "--resolution", 0.25)
    assert options.run(options) == 1


@pytest.mark.parametrize(
    ("habit", "status", "fault"), [("honest", 0, ""), ("squared", 1, "squared")]
)
def test_log_probabilities_after_the_temperature_are_found_out(habit, status, fault, capsys):
    """Taken for raw, an honest server seems to ignore the temperature, and one that squares 0.7 to keep to it."""
    with DishonestServer(habit, tempered=True) as server:
        assert run(server, draws=2400) == status
    out = capsys.readouterr().out
    assert "after the temperature: multiplied back by 0.7" in out
    assert not fault or f"fails, {fault}: " in out
    assert fields()[0]["audit"]["scale"] == 0.7
    for declared, expected in (("tempered", status), ("auto", status), ("raw", 1 - status)):
        options = parsed(
            "draws.jsonl", "--temperature", 0.7, "--logprobs", declared, "--resolution", 0.25
        )
        assert options.run(options) == expected
    if habit == "honest":
        out = capsys.readouterr().out
        assert "fails, ignored: " in out
        assert "reported after the temperature look the same" in " ".join(out.split())


@pytest.mark.parametrize("t", [0.96, 0.995, 1.04])
def test_log_probabilities_after_a_temperature_near_1_are_found_out(t):
    """Where it is hardly seen in them; in how the server treats other temperatures it is."""
    for tempered, scale in ((True, t), (False, 1.0)):
        keep = f"{tempered}.jsonl"
        with DishonestServer(tempered=tempered) as server:
            run(server, t=t, draws=8, keep=keep)
        assert fields(keep)[0]["audit"]["scale"] == scale


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
            run(
                server,
                "--api",
                api,
                "--model",
                "tiny",
                "--top-k",
                9,
                t=1,
                draws=8,
                keep=f"{api}2.jsonl",
            )
        first, second = server.bodies
        assert first.keys() - {"path"} == names
        assert second.keys() - {"path"} == names | {"model", "top_k"}
        assert (second["top_k"], first["top_p"]) == (9, 1.0)


@pytest.mark.parametrize("fault", ["429", "429 0.05", "500", "503 0", "408", "cut", "hang-up"])
def test_a_fault_that_passes_is_tried_again(fault):
    with DishonestServer(faults=[""] * 3 + [fault] * 3) as server:
        assert run(server, draws=80) == 2
    assert len(server.bodies) == 2 + 10 + 3
    assert len(fields()) == 1 + 10


def test_a_request_that_takes_too_long_is_tried_again():
    with DishonestServer(faults=["", "", "sleep 1"]) as server:
        assert run(server, "--timeout", 0.2, draws=40) == 2
    assert len(fields()) == 1 + 5


def test_a_request_may_be_tried_again_very_often(monkeypatch):
    async def refuse(*_):
        raise client.TransientError("busy")

    monkeypatch.setattr(client, "BACKOFF", 0.0)
    monkeypatch.setattr(client._Collector, "_once", refuse)
    asker = client._Collector(
        AuditRequest("http://a", "chat", SamplingLaw(1.0)),
        None,
        client.ClientSettings(retries=1100),
        None,
    )
    with pytest.raises(ValueError, match=r"busy \(1101 times\)"):
        asyncio.run(asker.answer("request 1", {}))


def test_retry_after_is_waited_for_by_all():
    """In seconds, or until a date; all others wait as well."""
    with DishonestServer(faults=["429 0.5"]) as server:
        started = time.monotonic()
        run(server, "--concurrency", 4, t=1, draws=40)
        assert time.monotonic() - started > 0.5
    assert len(server.bodies) <= 4 + 5
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
    assert 0.5 < client._asked_to_wait(later) <= 2
    assert (
        client._asked_to_wait("soon")
        == client._asked_to_wait("")
        == client._asked_to_wait("-3")
        == 0
    )


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
            r"expected 'choices' or 'completion_probabilities', got an object of \['id'\]",
        ),
        ('body {"choices": []}', "expected 'choices'"),
        ('body {"choices": [3]}', r"expected an object choices\[0\].logprobs, got None"),
        ('body {"choices": [{"text": "a", "logprobs": null}]}', "ask for logprobs"),
        (
            'body {"choices": [{"logprobs": {"tokens": ["a"], "top_logprobs": null}}]}',
            "top_logprobs is missing",
        ),
        ('body {"choices": [{"logprobs": {"tokens": 3, "top_logprobs": []}}]}', "expected a list"),
        (
            'body {"choices": [{"logprobs": {"tokens": ["a"], "top_logprobs": [7]}}]}',
            "expected an object at",
        ),
        ('body {"choices": [{"logprobs": {"content": [{"token": "a"}]}}]}', "'top_logprobs'"),
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
        ("sleep 0.5", r"no answer within 0.1 s \(3 times\)"),
        ("500", r"expected status 200, got 500 .* \(3 times\)"),
    ],
)
def test_a_fault_that_stays_ends_in_one_line(fault, message):
    with (
        DishonestServer(faults=[""] * 1 + [fault] * 9) as server,
        pytest.raises(ValueError, match=message) as caught,
    ):
        run(server, "--retries", 2, "--timeout", 0.1 if "sleep" in fault else 60, t=1, draws=80)
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


def test_answers_without_a_token_come_to_an_end():
    empty = 'body {"choices": [{"logprobs": {"content": null}}]}'
    with (
        DishonestServer(faults=[empty] * 99) as server,
        pytest.raises(ValueError, match="brought no token"),
    ):
        run(server, "--api", "chat", t=1)


def test_an_interrupted_audit_goes_on(capsys):
    with DishonestServer(faults=[""] * 20 + ["400"]) as server:
        with pytest.raises(ValueError, match="request 18"):
            run(server, draws=400)
        assert "144 draws are kept: --keep draws.jsonl goes on" in capsys.readouterr().err
        with Path("draws.jsonl").open("a") as file:
            file.write('{"request": 18, "prompt": "The f')  # a process was killed
        run(server, draws=400)
        asked = len(server.bodies)
        assert "draws.jsonl: 256 draws asked, 144 were there" in " ".join(
            capsys.readouterr().out.split()
        )
        run(server, draws=400)
    assert len(server.bodies) == asked == 2 + 18 + 1 + 32
    assert [line["request"] for line in fields()[1:]] == [*range(50)]


def test_an_echoed_prompt_is_left_out_of_what_is_kept(capsys):
    with DishonestServer() as server:
        run(server, "--field", "echo=true", draws=400)
        run(server, "--field", "echo=true", draws=480)
    assert "draws.jsonl: 80 draws asked, 400 were there" in " ".join(
        capsys.readouterr().out.split()
    )
    assert all(
        len(step["response"]["choices"][0]["logprobs"]["tokens"]) > 8 for step in fields()[1:]
    )


def test_what_is_kept_can_be_audited_again(capsys):
    with DishonestServer() as server:
        run(server, draws=2400)
    live = capsys.readouterr().out
    options = parsed("draws.jsonl", "--temperature", 0.7, "--resolution", 0.25)
    assert options.run(options) == 0
    assert capsys.readouterr().out.split("draws   ")[1] == live.split("draws   ")[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--temperature", 0.8], "temperature is 0.7 there and 0.8 here"),
        (["--model", "tiny"], "model is '' there"),
        (["--api", "chat"], "api is 'completions' there"),
        (["--tokens", 9], "another audit: max_tokens of its requests is not the same"),
        (["--field", "top_k=0"], "another audit: top_k of its requests is not the same"),
        (
            ["--prompt", "And", "--listed", 9],
            "another audit: logprobs, prompt of its requests are not the same",
        ),
    ],
)
def test_another_audit_is_not_mixed_in(change, message):
    with DishonestServer() as server:
        run(server, draws=16)
        before = Path("draws.jsonl").read_bytes()
        with pytest.raises(ValueError, match=message):
            run(server, *change, draws=32)
    assert Path("draws.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("api", "name"), [("chat", "TASKS"), ("completions", "OPENINGS"), ("llama", "OPENINGS")]
)
def test_every_prompt_makes_an_audit_what_it_is(api, name, monkeypatch):
    question = AuditRequest("http://a", api, SamplingLaw(1.0))
    before = question.summary()
    monkeypatch.setattr(requests, name, (*getattr(requests, name), "And so on:"))
    assert question.summary() != before


def test_a_file_of_something_else_is_not_written_to():
    for content in (b"my diary", b'{"logprobs": [0, -1], "chosen": 0}', b"\x00\xff"):
        Path("draws.jsonl").write_bytes(content)
        with (
            DishonestServer() as server,
            pytest.raises(ValueError, match="keeps no audit: it is not written to"),
        ):
            run(server)
        assert Path("draws.jsonl").read_bytes() == content


def test_a_full_disk_is_said_and_what_does_not_fit_is_not_counted(monkeypatch, capsys):
    opened = Path.open

    def refuse(path, mode="r", **options):
        if mode in ("a", "x"):
            raise OSError(28, "No space left on device")
        return opened(path, mode, **options)

    with DishonestServer() as server:
        run(server, draws=8)
        monkeypatch.setattr(Path, "open", refuse)
        for keep, said in (
            ("draws.jsonl", "8 draws are kept: --keep draws.jsonl goes on"),
            ("other.jsonl", ""),
        ):
            capsys.readouterr()
            with pytest.raises(
                ValueError, match=rf"{keep} cannot be kept: No space left on device"
            ):
                run(server, draws=16, keep=keep)
            assert capsys.readouterr().err.partition(" from")[0] == said


def test_a_place_that_cannot_be_written_to_is_refused_before_a_server_is_asked(monkeypatch):
    def refuse(*_, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    with (
        DishonestServer() as server,
        pytest.raises(ValueError, match="cannot be kept: Read-only file system"),
    ):
        run(server)
    assert server.bodies == []


def test_a_damaged_file_is_not_gone_on_with():
    with DishonestServer() as server:
        run(server, draws=32)
        kept = Path("draws.jsonl").read_text().splitlines(keepends=True)
        damaged = {
            "line 3 keeps no answer: request 0 is there twice": [*kept[:2], kept[1]],
            "line 2 keeps no answer: request must be": [
                kept[0],
                kept[1].replace('"request": 0', '"request": "a"'),
            ],
            "line 2 keeps no answer: 'response'": [kept[0], '{"request": 0}\n'],
            "line 2 is not JSON": [kept[0], "x\n", kept[1]],
            "line 1 keeps no answer: scale": [
                kept[0].replace('"scale": ', '"scale": -'),
                *kept[1:],
            ],
            "does not say what was asked": ['{"audit": 3}\n'],
        }
        for message, lines in damaged.items():
            Path("draws.jsonl").write_text("".join(lines))
            with pytest.raises(ValueError, match=message):
                run(server, draws=64)
    assert len(server.bodies) == 2 + 4


def test_requests_are_under_way_at_once_and_no_more_than_allowed():
    with DishonestServer(seconds=0.05) as server:
        started = time.monotonic()
        run(server, "--concurrency", 5, t=1, draws=160)
        seconds = time.monotonic() - started
    assert server.most == 5
    assert seconds < 20 * 0.05  # a request at a time would take so long at least
    assert len(server.bodies) <= 20 + 4


def test_the_key_is_sent_and_is_nowhere_else(monkeypatch, capsys):
    monkeypatch.setenv("TINY_KEY", KEY)
    with DishonestServer(key=KEY, faults=[""] * 5 + ["500", "400"]) as server:
        with pytest.raises(ValueError, match="it is 400: Bearer \\*\\*\\*") as caught:
            run(server, "--key-from", "TINY_KEY", draws=80)
        run(server, "--key-from", "TINY_KEY", draws=80)
        with pytest.raises(ValueError, match="got 401 Unauthorized: not the key: None"):
            run(server, keep="other.jsonl")
    with pytest.raises(ValueError, match="no answer") as gone:
        run(server, "--key-from", "TINY_KEY", keep="other.jsonl")
    monkeypatch.setenv("TINY_KEY", KEY + "\n")
    with pytest.raises(ValueError, match="the API key holds what no header can") as odd:
        run(server, "--key-from", "TINY_KEY", keep="other.jsonl")
    out, err = capsys.readouterr()
    written = [path.read_text() for path in Path().iterdir()]
    errors = [repr(error.value) + str(error.getrepr(chain=True)) for error in (caught, gone, odd)]
    assert len(written) == 1
    assert KEY not in "".join([out, err, *written]) + "".join(
        error.replace(f"KEY = '{KEY}'", "") for error in errors
    )


@pytest.mark.parametrize(
    "body", ["x{}", '{{"choices": [{{"logprobs": "{}"}}]}}', '{{"error": "' + "x" * 290 + '{}"}}']
)
def test_no_half_of_the_key_is_shown_either(body, monkeypatch):
    """Long texts are cut in messages, and the cut may go through the key."""
    monkeypatch.setenv("TINY_KEY", KEY)
    fault = "body " + body.format(20 * KEY)
    with (
        DishonestServer(key=KEY, faults=[fault] * 3) as server,
        pytest.raises(ValueError) as caught,
    ):
        run(server, "--key-from", "TINY_KEY", "--retries", 0, t=1)
    assert "***" in str(caught.value)
    assert not any(KEY[k : k + 5] in str(caught.value) for k in range(len(KEY) - 4))


@pytest.mark.parametrize(
    "fault",
    [
        'body {"choices": [{"logprobs": {"tokens": [KEY], "top_logprobs": [{KEY: -0.5, "b": -1.5, "c": -2.5}]}}]}',
        'body {"error": {"message": KEY}}',
        'body {"id": "1", KEY: KEY}',
        "body KEY and more",
        'refuse {"detail": KEY}',
        "refuse <html>KEY",
    ],
)
def test_a_key_that_is_spelled_in_another_way_is_not_shown_either(fault, monkeypatch, capsys):
    """JSON may escape any letter, and has to escape some; what is no JSON may hold them as well."""
    key = 'sk/ti+"n\\y-0123456789'
    monkeypatch.setenv("TINY_KEY", key)
    spelled = json.dumps(key).replace("/", "\\/").replace("+", "\\u002B")
    assert json.loads(spelled) == key
    with DishonestServer(key=key, faults=["", fault.replace("KEY", spelled)]) as server:
        try:
            run(server, "--key-from", "TINY_KEY", "--retries", 0, t=1, draws=32)
            said = str(fields())
        except ValueError as error:
            said = str(error)
    assert len(server.bodies) > 1
    assert "***" in said
    said += "".join(capsys.readouterr())
    assert not any(piece in said for piece in ("sk/", "sk\\/", "n\\y", "0123", "6789"))


def test_who_shows_the_manners_shows_no_key():
    assert client.ClientSettings(key=KEY).key == KEY
    assert KEY not in repr(client.ClientSettings(key=KEY))


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://example.com/v1", True),
        ("http://192.168.0.7:8080", True),
        ("http://[fe80::1]", True),
        ("http://localhost.example.com", True),
        ("https://example.com/v1", False),
        ("http://127.3.2.1:8080/v1", False),
        ("http://[::1]:80", False),
        ("http://LOCALHOST:80", False),
        ("http://tiny.localhost", False),
    ],
)
def test_a_key_that_goes_out_in_clear_is_warned_of_before_it_goes(url, warned, monkeypatch, capsys):
    def ask(*_):
        sys.stderr.write("asked\n")
        raise InterruptedError

    monkeypatch.setattr(client, "collect", ask)
    monkeypatch.setenv("TINY_KEY", KEY)
    for key in (["--key-from", "TINY_KEY"], []):
        options = parsed("--url", url, "--temperature", 1, *key)
        with pytest.raises(InterruptedError):
            options.run(options)
        *lines, asked = capsys.readouterr().err.splitlines()
        assert asked == "asked"
        assert ["over http, where others can read it" in line for line in lines] == [True] * bool(
            warned and key
        )


def test_the_name_of_an_address_with_colons_has_none(monkeypatch):
    def ask(question, journal, *_):
        names.append(journal.path.name)
        raise InterruptedError

    names = []
    monkeypatch.setattr(client, "collect", ask)
    options = parsed("--url", "http://[2001:db8::1]:8080/v1", "--temperature", 1)
    with pytest.raises(InterruptedError):
        options.run(options)
    assert re.fullmatch(r"audit-2001-db8--1-\d{8}-\d{6}\.jsonl", names[0])


def test_the_draws_are_kept_under_the_date_unless_told_otherwise(capsys):
    with DishonestServer() as server:
        options = parsed("--url", server.url, "--temperature", 1, "--draws", 32)
        options.run(options)
    (kept,) = Path().glob("audit-127.0.0.1-*.jsonl")
    assert str(kept) in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_leaves_a_file_that_goes_on():
    """As the command line meets it: the whole process is interrupted, in the middle."""
    arguments = ["--temperature", "1", "--draws", "4000", "--tokens", "4", "--keep", "draws.jsonl"]
    with DishonestServer(seconds=0.02) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "boltzmann", "audit", "--url", server.url, *arguments],
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )
        deadline = time.monotonic() + 60
        while len(server.bodies) < 20:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert process.returncode == 130
        assert "draws are kept: --keep draws.jsonl goes on from them" in err
        assert "Traceback" not in err
        numbers = [line["request"] for line in fields()[1:]]
        kept = 4 * len(numbers)
        assert len(numbers) > 5
        options = parsed("--url", server.url, *arguments[:2], "--draws", kept + 40, *arguments[4:])
        options.run(options)
    again = [line["request"] for line in fields()[1:]]
    assert len(set(again)) == len(again)
    assert again[: len(numbers)] == numbers
    assert 4 * len(again) >= kept + 40
