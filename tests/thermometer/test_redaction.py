"""The API key is redacted everywhere: in what is printed, raised and kept."""

import json
import sys
from pathlib import Path

import pytest

from boltzmann.thermometer.io import client
from examples.dishonest_server import DishonestServer
from tests.support.live_audits import isolated, kept_lines, parsed, run  # noqa: F401

KEY = "sk-tiny-0123456789"


def test_the_key_is_sent_and_redacted_everywhere_else(monkeypatch, capsys):
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
def test_no_part_of_the_key_is_shown_where_texts_are_cut(body, monkeypatch):
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
        'body {"choices": [{"logprobs": {"tokens": [KEY], "top_logprobs": '
        '[{KEY: -0.5, "b": -1.5, "c": -2.5}]}}]}',
        'body {"error": {"message": KEY}}',
        'body {"id": "1", KEY: KEY}',
        "body KEY and more",
        'refuse {"detail": KEY}',
        "refuse <html>KEY",
    ],
)
def test_an_escaped_key_is_redacted(fault, monkeypatch, capsys):
    """JSON may escape any letter, and has to escape some; what is no JSON may hold them as well."""
    key = 'sk/ti+"n\\y-0123456789'
    monkeypatch.setenv("TINY_KEY", key)
    spelled = json.dumps(key).replace("/", "\\/").replace("+", "\\u002B")
    assert json.loads(spelled) == key
    with DishonestServer(key=key, faults=["", fault.replace("KEY", spelled)]) as server:
        try:
            run(server, "--key-from", "TINY_KEY", "--retries", 0, t=1, draws=32)
            said = str(kept_lines())
        except ValueError as error:
            said = str(error)
    assert len(server.bodies) > 1
    assert "***" in said
    said += "".join(capsys.readouterr())
    assert not any(piece in said for piece in ("sk/", "sk\\/", "n\\y", "0123", "6789"))


def test_the_repr_of_the_settings_holds_no_key():
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
def test_a_warning_comes_before_a_key_is_sent_unencrypted(url, warned, monkeypatch, capsys):
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
