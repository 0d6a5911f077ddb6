"""Audits of a live server that were interrupted, and the files that they resume from."""

import os
import re
import signal
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path

import pytest

from boltzmann.thermometer import SamplingLaw
from boltzmann.thermometer.io import client, requests
from boltzmann.thermometer.io.requests import AuditRequest
from examples.dishonest_server import DishonestServer
from tests.support.live_audits import LONG, isolated, kept_lines, parsed, run  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds after which a process is given up


def test_an_interrupted_audit_resumes(capsys):
    with DishonestServer(faults=[""] * 20 + ["400"]) as server:
        with pytest.raises(ValueError, match="request 18"):
            run(server, draws=400)
        assert "144 draws are kept: --keep draws.jsonl goes on" in capsys.readouterr().err
        with Path("draws.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"request": 18, "prompt": "The f')  # a process was killed
        run(server, draws=400)
        asked = len(server.bodies)
        assert "draws.jsonl: 256 draws asked, 144 were there" in " ".join(
            capsys.readouterr().out.split()
        )
        run(server, draws=400)
    assert len(server.bodies) == asked == 2 + 18 + 1 + 32
    assert [line["request"] for line in kept_lines()[1:]] == [*range(50)]


def test_an_echoed_prompt_is_left_out_of_what_is_kept(capsys):
    with DishonestServer() as server:
        run(server, "--field", "echo=true", draws=400)
        run(server, "--field", "echo=true", draws=480)
    assert "draws.jsonl: 80 draws asked, 400 were there" in " ".join(
        capsys.readouterr().out.split()
    )
    assert all(
        len(line["response"]["choices"][0]["logprobs"]["tokens"]) > 8 for line in kept_lines()[1:]
    )


def test_what_is_kept_can_be_audited_again(capsys):
    with DishonestServer() as server:
        run(server, *LONG, draws=2400)
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
def test_a_journal_holds_one_audit(change, message):
    with DishonestServer() as server:
        run(server, draws=16)
        before = Path("draws.jsonl").read_bytes()
        with pytest.raises(ValueError, match=message):
            run(server, *change, draws=32)
    assert Path("draws.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("api", "name"), [("chat", "TASKS"), ("completions", "OPENINGS"), ("llama", "OPENINGS")]
)
def test_other_prompts_make_another_audit(api, name, monkeypatch):
    request = AuditRequest("http://a", api, SamplingLaw(1.0))
    before = request.summary()
    monkeypatch.setattr(requests, name, (*getattr(requests, name), "And so on:"))
    assert request.summary() != before


def test_a_file_of_something_else_is_not_written_to():
    for content in (b"my diary", b'{"logprobs": [0, -1], "chosen": 0}', b"\x00\xff"):
        Path("draws.jsonl").write_bytes(content)
        with (
            DishonestServer() as server,
            pytest.raises(ValueError, match="keeps no audit: it is not written to"),
        ):
            run(server)
        assert Path("draws.jsonl").read_bytes() == content


def test_a_full_disk_is_reported_and_what_does_not_fit_is_not_counted(monkeypatch, capsys):
    opened = Path.open

    class Full(FileIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    def refuse(path, mode="r", **options):
        return Full(path, mode) if mode in ("r+b", "xb") else opened(path, mode, **options)

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


def test_no_audit_resumes_from_a_damaged_file():
    with DishonestServer() as server:
        run(server, draws=32)
        kept = Path("draws.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
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
            Path("draws.jsonl").write_text("".join(lines), encoding="utf-8")
            with pytest.raises(ValueError, match=message):
                run(server, draws=64)

    assert len(server.bodies) == 2 + 4


def test_the_name_of_a_journal_has_no_colons(monkeypatch):
    def ask(_, journal, *__):
        names.append(journal.path.name)
        raise InterruptedError

    names = []
    monkeypatch.setattr(client, "collect", ask)
    options = parsed("--url", "http://[2001:db8::1]:8080/v1", "--temperature", 1)
    with pytest.raises(InterruptedError):
        options.run(options)
    assert re.fullmatch(r"audit-2001-db8--1-\d{8}-\d{6}\.jsonl", names[0])


def test_a_journal_is_named_by_the_date_by_default(capsys):
    with DishonestServer() as server:
        options = parsed("--url", server.url, "--temperature", 1, "--draws", 32)
        options.run(options)
    (kept,) = Path().glob("audit-127.0.0.1-*.jsonl")
    assert str(kept) in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_leaves_a_journal_to_resume_from():
    """As the command line meets it: the whole process is interrupted, in the middle."""
    arguments = ["--temperature", "1", "--draws", "4000", "--tokens", "4", "--keep", "draws.jsonl"]
    arguments.append("--fixed")
    with DishonestServer(seconds=0.02) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "boltzmann", "audit", "--url", server.url, *arguments],
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )
        try:
            for _ in range(PATIENCE * 50):
                if len(server.bodies) >= 20 or process.poll() is not None:
                    break
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert process.returncode == 130, err
        assert "draws are kept: --keep draws.jsonl goes on from them" in err
        assert "Traceback" not in err
        numbers = [line["request"] for line in kept_lines()[1:]]
        kept = 4 * len(numbers)
        assert len(numbers) > 5
        options = parsed("--url", server.url, *arguments[:2], "--draws", kept + 40, *arguments[4:])
        options.run(options)

    again = [line["request"] for line in kept_lines()[1:]]
    assert len(set(again)) == len(again)
    assert again[: len(numbers)] == numbers
    assert 4 * len(again) >= kept + 40
