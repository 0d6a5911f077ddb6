"""`python -m boltzmann audit` of a file: its report, its figure, its exit status, its messages."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from boltzmann.__main__ import _parser
from boltzmann.commands import audit
from boltzmann.commands.audit.options import _EPILOG
from boltzmann.thermometer import load_draws
from tests.support.gpt2_like import law, logits
from tests.support.saved_responses import write

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds after which a process is given up


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """A folder of its own for each test, whose name is in no report."""
    monkeypatch.chdir(tmp_path)


def run(*arguments):
    options = _parser().parse_args(["audit", *map(str, arguments)])
    return options.run(options)


def drawn_figure(monkeypatch, *arguments):
    """Audit, and return the figure that would be written."""
    made = []
    monkeypatch.setattr(audit, "write_figure", lambda figure, _: made.append(figure))
    run(*arguments, "--figure", "finding.svg")
    return made[0]


def test_a_file_of_draws_is_audited(capsys):
    """4,000 draws at 0.7: the reading is 0.7 within 4 errors (σ), and t = 1 is refuted."""
    generator = np.random.default_rng(5)
    x = logits(contexts=20, vocabulary=30, seed=1)
    x -= np.logaddexp.reduce(x, axis=1, keepdims=True)
    p = law(x, 0.7)
    drawn = [(row, int(generator.choice(30, p=p[row]))) for row in range(20) for _ in range(200)]
    path = write(
        Path("draws.jsonl"),
        *({"logprobs": x[row].tolist(), "chosen": token} for row, token in drawn),
    )

    reading = load_draws(path).read()
    assert abs(reading.temperature - 0.7) < 4 * reading.standard_error
    assert np.isnan(reading.clustered_error)
    assert run(path, "--temperature", 0.7) == 0
    out = capsys.readouterr().out
    assert "verdict       holds: a temperature off by 20 % would have been seen" in out

    assert max(map(len, out.splitlines())) < 80
    assert run(path, "--temperature", 1) == 1
    assert "verdict       fails, wrong_temperature" in capsys.readouterr().out
    assert run(path, "--temperature", 0.7, "--resolution", 0.01) == 2
    assert "cannot tell: about" in capsys.readouterr().out
    assert run(path, "--temperature", 0) == 1

    out = capsys.readouterr().out
    assert "(p < 1e-300)" in " ".join(out.split())
    assert max(map(len, out.splitlines())) < 80


@pytest.mark.parametrize("name", ["finding.svg", "finding.png"])
@pytest.mark.parametrize("t", [0.7, 0.0])
def test_the_figure_is_drawn(name, t, capsys):
    lines = [{"logprobs": [-0.5, -1.0, -2.0, -3.0], "chosen": k % 3} for k in range(60)]
    path = write(Path("draws.jsonl"), *lines)
    run(path, "--temperature", t, "--figure", name)
    beginning = b"<?xml" if name.endswith("svg") else b"\x89PNG"
    assert Path(name).read_bytes().startswith(beginning)


@pytest.mark.parametrize(
    ("t", "title", "hidden"),
    [
        (0.7, r"a hidden top_k = 5$", {"top_k": 5}),
        (0.45, r"another temperature, t = 0\.(6[5-9]|7[0-4])\d*$", {}),
    ],
)
def test_the_title_of_a_figure_says_what_was_fitted(t, title, hidden, monkeypatch):
    generator = np.random.default_rng(5)
    x = np.array([-0.9, -1.0, -2.0, -2.5, -2.7, -3.0, -3.1, -3.3])
    chosen = generator.choice(8, p=law(x[None], 0.7, **hidden)[0], size=3000).tolist()
    path = write(Path("draws.jsonl"), *({"logprobs": x.tolist(), "chosen": k} for k in chosen))
    assert re.search(title, drawn_figure(monkeypatch, path, "--temperature", t).get_suptitle())


def test_the_figure_at_t_0_begins_at_0_and_shows_the_bound(monkeypatch, capsys):
    path = write(Path("draws.jsonl"), *[{"logprobs": [-0.5, -1.0, -2.0], "chosen": 0}] * 99)
    axes = drawn_figure(monkeypatch, path, "--temperature", 0).axes[0]
    high = float(re.search(r"0 … (0\.\d+)", capsys.readouterr().out)[1])
    assert axes.get_ylim()[0] == 0
    band = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert band.y1 == pytest.approx(high, rel=1e-3)


def test_other_faults_are_listed_where_the_claim_fails(capsys):
    """Not where the claim holds, nor those that a draw refutes."""
    lines = [{"logprobs": [-0.5, -1.0, -2.0, -9.0], "chosen": k % 3} for k in range(300)]
    path = write(Path("draws.jsonl"), *lines)
    assert run(path, "--temperature", 0.7) == 1
    failed = capsys.readouterr().out
    assert "faults, the likeliest first" in failed
    assert "greedy" not in failed

    generator = np.random.default_rng(5)
    x = np.log(np.arange(1.0, 31.0)) * -1.5
    tokens = generator.choice(30, p=law(x[None], 0.7)[0], size=3000).tolist()
    held = [{"logprobs": x.tolist(), "chosen": token} for token in tokens]
    assert run(write(path, *held), "--temperature", 0.7) == 0
    assert "faults, the likeliest" not in capsys.readouterr().out

    path = write(path, *({"logprobs": [-1, -2, -np.inf], "chosen": k % 3} for k in range(300)))
    assert run(path, "--temperature", 0.7) == 1
    out = capsys.readouterr().out
    assert "fails, forbidden_token" in out
    assert "-inf" not in out


def test_draws_of_the_unlikeliest_token_are_reported_in_words(capsys):
    path = write(Path("draws.jsonl"), *[{"logprobs": [-0.5, -1.0, -2.0], "chosen": 2}] * 99)
    assert run(path, "--temperature", 0.7) == 1
    out = capsys.readouterr().out
    reading = out[out.index("temperature") : out.index("claim")]
    assert "0 from below: of each list the unlikeliest was drawn" in reading
    assert "-" not in reading


def test_the_report_for_programs_is_one_json_object(capsys):
    """A number that is not finite is null; the exit status is that of the report in words."""
    lines = [{"logprobs": [-0.5, -1.0, -2.0, -9.0], "chosen": k % 3} for k in range(300)]
    path = write(Path("draws.jsonl"), *lines)
    assert run(path, "--temperature", 0.7, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["claimed"]["temperature"]) == ("fails", 0.7)
    assert found["fault"] == "dependent_draws"  # 0, 1, 2, 0, 1, 2, …
    assert found["seen"][0]["words"] == "draws repeat the random numbers of others"
    assert found["candidates"][0]["law"].keys() == found["claimed"].keys()
    assert found["temperature"]["value"] == pytest.approx(load_draws(path).read().temperature)
    assert found["draws"] == {"used": 300, "left_out": {}, "needed": 0.0}
    assert found["source"]["file"] == str(path)
    assert found["said"] == {"settings": [], "finding": None}

    path = write(path, *[{"logprobs": [-0.5], "chosen": 0}] * 9)
    assert run(path, "--temperature", 0.7, "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["temperature"]["value"] is None
    assert found["draws"]["needed"] is None


@pytest.mark.parametrize(
    ("chosen", "t", "begin"),
    [([0, 1, 2], 0.7, "::error"), ([0], 0, "::notice"), ([0, 1], 2.5, "::warning")],
)
def test_a_run_of_github_actions_is_annotated(chosen, t, begin, capsys, monkeypatch):
    rows = [{"logprobs": [-0.5, -1.0, -2.0], "chosen": k} for k in chosen * (3000 // len(chosen))]
    path = write(Path("draws.jsonl"), *(rows if begin != "::warning" else rows[:6]))
    for inside in ("", "true"):
        monkeypatch.setenv("GITHUB_ACTIONS", inside)
        run(path, "--temperature", t)
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == (1 if inside else 0)
    assert lines[0].startswith(f"{begin} title=boltzmann audit::t = ")
    with pytest.raises(ValueError, match="nowhere"):
        run("nowhere.jsonl", "--temperature", t)
    assert capsys.readouterr().err.startswith("::error title=boltzmann audit::nowhere.jsonl cannot")


def test_no_choice_is_no_verdict(capsys, monkeypatch):
    path = write(Path("draws.jsonl"), *[{"logprobs": [-0.5], "chosen": 0}] * 9)
    assert run(path, "--temperature", 0.7) == 2
    assert "no choice" in drawn_figure(monkeypatch, path, "--temperature", 0.7).axes[0].get_title()
    out = capsys.readouterr().out
    assert not any(word in out for word in ("nan", "inf", "faults"))
    assert "the lists hold no choice" in out
    assert "--listed" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either a FILE of draws or the --url"),
        (["nowhere.jsonl"], "nowhere.jsonl cannot be read: No such file"),
        (["."], "cannot be read: Is a directory"),
        (["draws.jsonl", "--url", "http://localhost"], "give either"),
        (["draws.jsonl", "--temperature", "nan"], "--temperature is nan"),
        (["draws.jsonl", "--temperature", "inf"], "--temperature is inf"),
        (["draws.jsonl", "--temperature", "-1"], "--temperature is -1: it must be"),
        (["draws.jsonl", "--top-k", "0"], "claimed.top_k is 0"),
        (["draws.jsonl", "--top-p", "1.5"], "claimed.top_p must be"),
        (["draws.jsonl", "--min-p", "-1"], "claimed.min_p must be"),
        (["draws.jsonl", "--order", "vllm"], "claim one"),
        (["draws.jsonl", "--top-p", "0.9", "--order", "vlm"], "--order vlm: order is 'vlm'"),
        (["draws.jsonl", "--top-p", "0.9", "--order", "top_p,min_p"], "must name the temperature"),
        (
            ["draws.jsonl", "--top-p", "0.9", "--order", "top_k,temperature"],
            "does not say where top_p comes",
        ),
        (["draws.jsonl", "--temperature", "0", "--logprobs", "tempered"], "--logprobs tempered"),
        (["draws.jsonl", "--resolution", "0"], "--resolution must be"),
        (["draws.jsonl", "--false-alarms", "2"], "--false-alarms must be"),
        (["draws.jsonl", "--slack", "-1"], "--slack must be"),
        (["draws.jsonl", "--draws", "9"], "--draws is for a live server"),
        (["--url", "ftp://a"], "^url must begin with http"),
        (["--url", "http://"], "^url must begin with http"),
        (["--url", "http://a:b"], "^url must begin with http"),
        (["--url", "http://me:secret@a/v1"], "^url must hold no password"),
        (["--url", "http://a/v1?key=secret"], "^url must hold no password"),
        (["--url", "http://localhost:1/a\nb"], "^url must hold no line break"),
        (["--url", "http://localhost:1/a\x7f"], "^url must hold no line break"),
        (["--url", "http://a", "--draws", "0"], "--draws is 0"),
        (["--url", "http://a", "--listed", "2"], "--listed is 2"),
        (["--url", "http://a", "--concurrency", "0"], "--concurrency is 0"),
        (["--url", "http://a", "--timeout", "0"], "--timeout must be"),
        (["--url", "http://a", "--field", "top_k"], "NAME=JSON"),
        (
            ["--url", "http://a", "--key-from", "NO_SUCH_KEY"],
            "no environment variable of that name",
        ),
        (
            ["--url", "http://a", "--key-from", "sk-secret-0123"],
            "no environment variable of that name",
        ),
        (["--url", "http://a", "--keep", "nowhere/draws.jsonl"], "there is no folder nowhere"),
    ],
)
def test_a_mistake_in_the_options_is_reported(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        run("--temperature", 0.7, *arguments)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [*Path().iterdir()] == []


def test_without_httpx_a_file_is_read_and_a_server_is_not(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    lines = [{"logprobs": [-0.5, -1.0], "chosen": k % 2} for k in range(9)]
    path = write(Path("draws.jsonl"), *lines)
    assert run(path, "--temperature", 0.7) == 2
    assert "cannot tell: about" in capsys.readouterr().out
    with pytest.raises(ImportError, match=r'pip install "boltzmann\[audit\]"'):
        run("--url", "http://127.0.0.1:1", "--temperature", 0.7, "--keep", "kept.jsonl")


def test_help_loads_nothing_heavy():
    program = "import sys; from boltzmann.__main__ import _parser; _parser(); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        timeout=PATIENCE,
    )
    assert {"numba", "scipy", "matplotlib", "httpx", "tqdm"} & set(loaded.stdout.split()) == set()


def test_every_example_of_the_help_can_be_typed():
    examples = _EPILOG.split("\n\n")[0].removeprefix("examples:\n").replace("\\\n", "").splitlines()
    assert len(examples) == 4
    for example in examples:
        words = shlex.split(example)
        assert words[:3] == ["python", "-m", "boltzmann"]
        assert _parser().parse_args(words[3:]).temperature == 0.7
    assert _parser().parse_args(shlex.split(examples[2])[3:]).key_from == "OPENAI_API_KEY"
