"""The journal of an audit: what is kept, from what an audit resumes, and what is refused."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from boltzmann.thermometer import SamplingLaw, load_draws
from boltzmann.thermometer.io.journal import Journal, evidence_of
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.responses import parse_response
from tests.support.saved_responses import TOP, chat, completion, item, write

GROUPS = [0, 0, 0, 1, 1, 1]  # of two requests for three tokens
ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).parents[1] / "support" / "kept_audits"


def test_two_audits_that_begin_at_once_do_not_share_a_file(tmp_path):
    response = chat(("a", -0.5, TOP))
    first, second = (Journal(tmp_path / "draws.jsonl", {"model": name}) for name in "AB")
    first.scale, second.scale = 1.0, 0.5
    first.add(0, "", response, parse_response(response))
    before = first.path.read_bytes()
    with pytest.raises(ValueError, match=r"draws.jsonl cannot be kept: File exists"):
        second.add(0, "", response, parse_response(response))
    assert second.draws == 0
    assert first.path.read_bytes() == before
    first.add(1, "", response, parse_response(response))
    first.close()
    assert (first.saved_draws().scale, len(first.saved_draws().chosen)) == (1.0, 2)


def test_a_journal_that_is_being_written_is_refused_to_another_audit(tmp_path):
    """Nothing is cut off or interleaved: in this process and in another one."""
    response = chat(("a", -0.5, TOP))
    path = tmp_path / "draws.jsonl"
    first = Journal(path, {"model": "A"})
    first.scale = 1.0
    first.add(0, "", response, parse_response(response))
    with path.open("ab") as file:
        file.write(b'{"request": 1, "pro')  # what the first one is about to end
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"draws.jsonl is being written by another audit: keep"):
        Journal(path, {"model": "A"})
    program = (
        "import sys; from boltzmann.thermometer.io.journal import Journal; "
        "Journal(sys.argv[1], {'model': 'A'})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )
    assert "is being written by another audit" in ended.stderr
    assert path.read_bytes() == before

    first.close()
    second = Journal(path, {"model": "A"})
    assert (second.draws, second.next_unanswered(0)) == (1, 1)
    second.add(1, "", response, parse_response(response))
    second.close()
    assert len(load_draws(path).chosen) == 2


def test_an_audit_that_is_refused_lets_the_journal_go(tmp_path):
    response = chat(("a", -0.5, TOP))
    first = Journal(tmp_path / "draws.jsonl", {"model": "A"})
    first.scale = 1.0
    first.add(0, "", response, parse_response(response))
    first.close()
    with pytest.raises(ValueError, match="keeps another audit"):
        Journal(first.path, {"model": "B"})
    with closing(Journal(first.path, {"model": "A"})) as again:
        assert again.draws == 1


def test_an_empty_file_may_be_kept_in(tmp_path):
    path = write(tmp_path / "draws.jsonl")
    journal = Journal(path, {})
    journal.scale = 1.0
    response = chat(("a", -0.5, TOP))
    journal.add(0, "", response, parse_response(response))
    journal.close()
    assert len(load_draws(path).chosen) == 1


def test_what_is_kept_of_an_answer_is_what_is_read():
    whole = {"index": 0, "text": "said", "finish_reason": "length"}
    more = {**item("a", -0.5), "id": 3, "said": "said"}
    entry = {**more, "bytes": [97], "top_logprobs": [more, {**item("b", -1.5), "said": "said"}]}
    lists = completion(("The", None), ("a", dict(TOP)))["choices"][0]["logprobs"] | {
        "text_offset": "said"
    }
    usage = {"prompt_tokens": 1, "said": "said"}

    for response in (
        {"completion_probabilities": [entry], "prompt": "said"},
        {
            "choices": [{**whole, "logprobs": {"content": [entry], "refusal": "said"}}] * 2,
            "usage": usage,
        },
        {"choices": [{**whole, "logprobs": {"content": None}}], "usage": None},
        {"choices": [{**whole, "logprobs": lists}], "usage": usage, "id": "said"},
    ):
        assert "said" in json.dumps(response)
        assert "said" not in json.dumps(evidence_of(response))
        assert parse_response(evidence_of(response)) == parse_response(response)


@pytest.mark.parametrize(
    ("api", "first"),
    [
        ("completions", [-1.699550, -1.945447]),
        ("chat", [-1.699550, -1.945447, -1.973679]),
        ("llama", [-1.699550, -1.945447, -1.973679]),
    ],
)
def test_the_form_of_a_journal_stays(api, first, tmp_path):
    """Journals that were written once are read, and resumed from, ever after."""
    lines = (KEPT / f"{api}.jsonl").read_text()
    saved = load_draws(KEPT / f"{api}.jsonl")
    assert saved.logprobs[0] == pytest.approx(first, abs=1e-6)
    assert (saved.scale, saved.chosen, saved.groups) == (0.7, [-2, 1, -2, 1, 0, 0], GROUPS)

    (path := tmp_path / "draws.jsonl").write_text(lines)
    summary = json.loads(lines.splitlines()[0])["audit"]
    request = AuditRequest(
        summary["url"], api, SamplingLaw(0.7), prompts=("The fire was",), tokens=3, listed=3
    )
    journal = Journal(path, request.summary())
    journal.close()
    assert (journal.scale, journal.draws, journal.next_unanswered(0)) == (0.7, 6, 2)
    assert path.read_text() == lines
