"""`python -m boltzmann`: what its commands print, what they refuse, and how they end."""

import argparse
import io
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Timer

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.__main__ import main
from boltzmann._core import console
from boltzmann.commands import _figures
from boltzmann.commands.generate import whole_letters
from boltzmann.commands.occupancy import CATALOGUE, as_levels
from boltzmann.language import GPT2, Chain, NGram, generate, load_corpus, stream
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.matrices import closed_classes

COMMAND = [sys.executable, "-m", "boltzmann"]
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def printed(capsys, *arguments):
    """Return what a command that succeeds prints."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *arguments):
    """Return the one line with which a command refuses its arguments."""
    try:
        status = main(arguments)
    except SystemExit as end:  # by argparse
        status = end.code
    err = capsys.readouterr().err
    assert status == 2
    (line,) = err.splitlines()
    return line


def columns(table):
    """Return the rows of the table of occupancies by label."""
    body = re.search(r"pull\n(.*?)\n\n", table, re.DOTALL)[1]
    return {row.split()[0]: [float(word) for word in row.split()[1:]] for row in body.splitlines()}


def test_occupancies_are_those_of_the_law_and_of_a_gas(capsys):
    words = [
        "0",
        "0.3",
        "1",
        "--degeneracies",
        "1",
        "3",
        "5",
        "--labels",
        "trans",
        "gauche",
        "strained",
    ]
    out = printed(
        capsys, "occupancy", *words, "--temperature", "0.5", "--sweeps", "100", "--seed", "3"
    )

    levels = bz.EnergyLevels(
        [0, 0.3, 1], degeneracies=[1, 3, 5], labels=["trans", "gauche", "strained"]
    )
    gas = bz.Ensemble(levels, 0.5, 100_000, seed=3)
    gas.run(100)
    law = bz.probabilities(levels, 0.5)
    error = np.sqrt(law * (1 - law) / 100_000)

    rows = columns(out)
    assert tuple(rows) == levels.labels
    np.testing.assert_allclose([row[2] for row in rows.values()], law, atol=5.1e-7)
    np.testing.assert_array_equal([row[3] for row in rows.values()], gas.counts / 100_000)
    np.testing.assert_allclose([row[4] for row in rows.values()], error, atol=5.1e-7)
    assert f"entropy (nats)  {bz.entropy(levels, 0.5):.6g}" in out
    assert f"p = {bz.statistics.goodness_of_fit(gas.counts, law).p_value:.3g}\n" in out


def test_more_particles_than_memory_holds_are_simulated_by_counts(capsys):
    words = ["occupancy", "0", "1", "-t", "1", "--particles", f"{10**15}", "--engine", "counts"]
    assert "1,000,000,000,000,000 particles" in printed(capsys, *words)
    assert "engine='counts'" in refused(capsys, *words[:-2])


def test_a_gas_that_has_not_relaxed_is_reported(capsys):
    """After one sweep by neighbours the counts are still near those of the uniform start."""
    words = ["ladder", "30", "--proposal", "neighbour", "-t", "1"]
    assert "not relaxed" in printed(capsys, "occupancy", *words, "--sweeps", "1")
    assert "not relaxed" not in printed(capsys, "occupancy", *words, "--sweeps", "3000")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            "0 1 inf 2 --proposal neighbour -t 1",
            "2 parts that never exchange a particle (0, 1 | 3)",
        ),
        ("0 5 1 --proposal neighbour -t 0", "2 parts that never exchange a particle (0 | 2)"),
    ],
)
def test_levels_that_never_exchange_a_particle_are_said_to(capsys, words, parts):
    assert main(["occupancy", *words.split()]) == 1
    out = capsys.readouterr().out
    assert f"not relaxed: levels fall into {parts}" in out
    assert "more --sweeps" not in out


def test_closed_classes_are_those_of_the_transition_matrix():
    """Of powers of the matrix: a part is where a particle may be after many moves, from inside."""
    for energies in ([0, 1, np.inf, 2, 3], [0, 5, 1, 7, 2], [np.inf, 0, np.inf], [3, 2, 1]):
        for t in (0.0, 1.0, -1.0, np.inf):
            dynamics = Dynamics.checked(energies, "neighbour", "metropolis")
            far = np.linalg.matrix_power(dynamics.transition_matrix(t), 2**20) > 1e-9
            inside = [
                set(np.flatnonzero(row)) for row, e in zip(far, energies, strict=True) if e < np.inf
            ]
            smallest = {frozenset(a) for a in inside if not any(b < a for b in inside)}
            found = {frozenset(part.tolist()) for part in closed_classes(dynamics, t)}
            assert found == smallest, (energies, t)


def test_a_sum_that_is_cut_is_said_to_be(capsys):
    """Carbon monoxide in wavenumbers, in a warm room: C is 1 with 60 levels, .068 with 10."""
    words = ["occupancy", "rigid_rotor", "10", "1.93128", "-t", "208.51", "--sweeps", "1"]
    out = printed(capsys, *words)
    assert "the sum is cut: the last of 10 levels holds 0.13 of the particles" in out
    whole = printed(capsys, *["60" if word == "10" else word for word in words])
    assert "the sum is cut" not in whole
    assert "the sum is cut" not in printed(capsys, "occupancy", "ladder", "3", "-t", "9")


def test_small_populations_have_four_digits(capsys):
    rows = printed(capsys, "occupancy", "0", "20", "inf", "-t", "1").splitlines()
    assert f" {np.exp(-20) / (1 + np.exp(-20)):.3e} " in rows[8]
    assert " 0.000000 " in rows[9]


@pytest.mark.parametrize("t", ["0", "inf", "-inf", "-1", "1e-300", "1e300"])
def test_every_temperature_has_its_occupancies(capsys, t):
    rows = columns(
        printed(
            capsys, "occupancy", f"--temperature={t}", "--particles", "1000", "--", "-1", "0", "inf"
        )
    )
    law = bz.probabilities(bz.EnergyLevels([-1, 0, np.inf]), float(t))
    np.testing.assert_allclose([row[2] for row in rows.values()], law, atol=5.1e-7)


@pytest.mark.parametrize(
    ("words", "system"),
    [
        (["two_level", "1.8"], bz.two_level(1.8)),
        (["ladder", "8"], bz.ladder(8)),
        (["rigid_rotor", "9", "0.1"], bz.rigid_rotor(9, 0.1)),
        (["random_levels", "5", "2", "7"], bz.random_levels(5, 2, 7)),
        (["0", "-1.5", "inf"], bz.EnergyLevels([0, -1.5, np.inf])),
    ],
)
def test_words_are_levels(words, system):
    levels = as_levels(words)
    np.testing.assert_array_equal(levels.energies, system.energies)
    np.testing.assert_array_equal(levels.degeneracies, system.degeneracies)
    assert levels.labels == system.labels


def test_the_whole_catalogue_is_on_the_command_line(capsys):
    makers = {
        name
        for name in bz.__all__
        if getattr(getattr(bz, name), "__module__", "") == "boltzmann.levels" and name.islower()
    }
    assert set(CATALOGUE) == makers
    with pytest.raises(SystemExit):
        main(["occupancy", "--help"])
    helped = capsys.readouterr().out
    assert all(f"\n  {name} " in helped for name in makers)


def test_a_molecule_in_kelvin_is_that_of_the_library(capsys):
    """Half an energy quantum of rotation too much in t, 1 %, would show in the fourth digit."""
    out = printed(capsys, "occupancy", "molecule", "CO", "--kelvin", "300", "--particles", "1000")
    t = bz.thermal_energy(300, "cm-1")
    law = dict(zip(bz.molecule("CO").labels, bz.probabilities(bz.molecule("CO"), t), strict=True))
    assert f"temperature     {t:.6g} cm-1 (300 K)\n" in out
    assert f"(0, 7)     107.642       15   {law['(0, 7)']:.6f}" in out
    assert "87 other levels, which hold 8.8e-06 of the law" in out  # up to 30 t, 50 are told


def test_levels_that_are_not_told_hold_what_they_hold(capsys):
    out = printed(capsys, "occupancy", "ladder", "60", "-t", "0.5", "--particles", "100")
    rest = bz.probabilities(bz.ladder(60), 0.5)[50:].sum()
    assert f"10 other levels, which hold {rest:.2g} of the law" in out  # 3.7e-44, not 1 - 1


def test_kelvin_and_a_unit_make_the_temperature(capsys):
    out = printed(capsys, "occupancy", "0", "0.1", "--kelvin", "300", "--unit", "eV")
    assert f"temperature     {bz.thermal_energy(300, 'eV'):.6g} eV (300 K)\n" in out
    out = printed(capsys, "occupancy", "0", "90", "--kelvin", "300", "--unit", "K")
    assert "temperature     300 K\n" in out
    assert "temperature     300\n" in printed(capsys, "occupancy", "0", "90", "-t", "300")


def test_the_temperature_of_a_molecule_is_told_in_kelvin_where_it_was_given_in_wavenumbers(capsys):
    """300 is no 300 K here: it is in the unit of the energies."""
    out = printed(capsys, "occupancy", "molecule", "CO", "-t", "300", "--particles", "10")
    kelvin = 300 / bz.thermal_energy(1, "cm-1")
    assert f"temperature     300 cm-1 ({kelvin:.6g} K)\n" in out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("0 1 --kelvin 300", "--kelvin needs the --unit of the energies, such as --unit cm-1"),
        ("0 1 -t 300 --unit eV", "--unit goes with --kelvin"),
        ("0 1 --kelvin 300 --unit ev", "it must be one of K, cm-1, GHz, eV"),
        ("0 1 --kelvin -3 --unit eV", "kelvin is -3.0: an absolute temperature is at least 0"),
        ("molecule CO --kelvin 3 --unit eV", "the energies of a molecule are in cm-1"),
        ("molecule --kelvin 3", "molecule takes one of CO, N2, HCl, H2, got nothing"),
        ("molecule XY --kelvin 3", "name is 'XY': it must be one of CO, N2, HCl, H2"),
        ("molecule CO --kelvin 3 --labels a", "molecule has degeneracies and labels of its own"),
    ],
)
def test_a_wrong_unit_is_one_clear_line(capsys, words, reason):
    assert reason in refused(capsys, "occupancy", *words.split())


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_figure_is_written_where_it_was_asked_for(capsys, tmp_path, suffix):
    path = tmp_path / f"rotor.{suffix}"
    printed(capsys, "occupancy", "rigid_rotor", "9", "-t", "3", "--figure", str(path))
    assert path.read_bytes().startswith({"png": b"\x89PNG", "svg": b"<?xml"}[suffix])


def test_a_text_is_the_one_that_generate_returns(capsys):
    text = generate(GPT2.load("tiny"), "The fire was", 30, temperature=0.7, top_k=40, seed=5)
    out = printed(
        capsys, "generate", "The fire was", "-n", "30", "-t", "0.7", "--top-k", "40", "--seed", "5"
    )
    assert out == f"The fire was{text}\n"


def test_a_corpus_makes_a_letter_model(capsys, tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("abcabcabcabc" * 20, encoding="utf-8")
    assert (
        printed(capsys, "generate", "a", "--corpus", str(path), "-t", "0", "-n", "5") == "abcabc\n"
    )
    model = NGram.fit(load_corpus(), order=4)
    expected = generate(model, "The ", 50, seed=1)
    words = ["--model", "letters", "--order", "4", "-n", "50", "--seed", "1"]
    assert printed(capsys, "generate", "The ", *words) == f"The {expected}\n"


def test_a_preset_is_the_chain_of_that_engine(capsys):
    chain = Chain.preset("llama.cpp", temperature=1.5, min_p=0.2)
    text = generate(GPT2.load("tiny"), "It", 40, seed=2, chain=chain)
    words = ["-n", "40", "--seed", "2", "-t", "1.5", "--min-p", "0.2", "--preset", "llama.cpp"]
    assert printed(capsys, "generate", "It", *words) == f"It{text}\n"


class Bytes:
    """A model whose tokens are the bytes of UTF-8."""

    def decode(self, ids):
        return bytes(ids).decode("utf-8", "replace")


def test_letters_come_whole_and_as_soon_as_they_are():
    def drawn():
        for byte in "a→🔥".encode():
            asked.append(byte)
            yield byte

    asked = []
    texts = whole_letters(Bytes(), drawn())
    assert [(text, len(asked)) for text in texts] == [("a", 1), ("→", 4), ("🔥", 8)]


def test_nothing_waits_in_a_buffer(monkeypatch):
    class Output(io.StringIO):
        def flush(self):
            flushed.append(self.getvalue())

    flushed = []
    model = GPT2.load("tiny")
    monkeypatch.setattr(sys, "stdout", Output())
    assert main(["generate", "It", "-n", "5"]) == 0
    *_, whole = flushed
    pieces = [model.decode([token]) for token in stream(model, "It", 5)]
    assert flushed[:5] == ["It" + "".join(pieces[: k + 1]) for k in range(5)]
    assert whole == "It" + "".join(pieces) + "\n"


def test_a_text_that_ends_within_a_letter_is_printed_to_its_end():
    assert list(whole_letters(Bytes(), "aé".encode()[:2])) == ["a", "\ufffd"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "occupancy a b -t 1",
            r"'a' is no number: an energy is a number; the systems are two_level, .*",
        ),
        ("occupancy ladder -t 1", r"ladder takes COUNT \[SPACING=1\], got nothing"),
        ("occupancy ladder 2 3 4 5 -t 1", r"ladder takes COUNT \[SPACING=1\], got 2 3 4 5"),
        ("occupancy ladder 0 -t 1", "count is 0: it must be at least 1"),
        ("occupancy ladder x -t 1", "'x' is no number: ladder takes numbers"),
        (
            "occupancy ladder 4 -t 1 --labels a b c d",
            "ladder has degeneracies and labels of its own",
        ),
        ("occupancy 0 nan -t 1", r"energies\[1\] is nan: every entry must be a number"),
        ("occupancy 0 1 -t nan", "temperature is nan: every entry must be a number"),
        ("occupancy 0 1 -t 1 --labels a", "labels has 1 entries for 2 levels"),
        ("occupancy 0 1 -t 1 --particles 0", "particles is 0: it must be at least 1"),
        (
            "occupancy 0 1 -t 1 --proposal far",
            "error: argument --proposal: invalid choice: 'far' .*",
        ),
        ("occupancy 0 1", "error: one of the arguments -t/--temperature --kelvin is required"),
        ("occupancy 0 1 -t warm", "error: argument -t/--temperature: invalid float value: 'warm'"),
        (
            "occupancy 0 1 -t 1 --figure a.gif",
            r"error: argument --figure: 'a.gif' must end in \.png or \.svg",
        ),
        (
            "occupancy 0 1 -t 1 --figure no/a.png",
            "error: argument --figure: there is no folder 'no'",
        ),
        (
            "generate -t -1",
            r"temperature is -1.0: a model is sampled at a temperature of 0 or more",
        ),
        ("generate -n -3", "length is -3: it must be at least 0"),
        ("generate --corpus missing.txt", "missing.txt cannot be read: No such file or directory"),
        ("generate --model no/where", r"there is no folder 'no/where'.*"),
        ("generate --model ./no/where", r"there is no folder './no/where': .*"),
        (
            "occupancy 0 1 -t 1 --figure taken.png",
            "error: argument --figure: 'taken.png' is a folder",
        ),
        (
            "audit draws.jsonl -t 1 --figure a.gif",
            r"error: argument --figure: 'a.gif' must end in \.png or \.svg",
        ),
        ("audit draws.jsonl -t 1", "draws.jsonl cannot be read: No such file or directory"),
        ("audit -t 1", "give either a FILE of draws or the --url of a server"),
        ("audit draws.jsonl", "error: the following arguments are required: -t/--temperature"),
        (
            "generate --preset vlm",
            "engine is 'vlm': it must be one of transformers, vllm, llama.cpp, ollama",
        ),
        (
            "generate --model tiny --corpus a",
            "error: argument --corpus: not allowed with argument --model",
        ),
        ("generate --order 0 --model letters", "order is 0: it must be at least 1"),
        ("simulate", "error: argument COMMAND: invalid choice: 'simulate'.*"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(capsys, monkeypatch, tmp_path, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.png").mkdir()
    monkeypatch.setitem(
        sys.modules, "huggingface_hub", None
    )  # neither a hub nor a network is asked
    assert re.fullmatch(
        rf"(python -m )?boltzmann( \w+)?: ({message}|{message}; see --help)",
        refused(capsys, *words.split()),
    )


def test_a_figure_that_cannot_be_written_is_refused_before_any_work(capsys, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_figures.tempfile, "TemporaryFile", refuse)
    words = "occupancy 0 1 -t 1 --figure a.png"
    assert "--figure: a.png: Permission denied" in refused(capsys, *words.split())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_letters_that_the_output_lacks_are_spelled(monkeypatch, encoding):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding=encoding))
    assert main(["occupancy", "0", "1", "-t", "1", "--labels", "low", "→"]) == 0
    assert b"\n->  " in printed.getvalue() and b"goodness of fit" in printed.getvalue()


@pytest.mark.parametrize("command", [[], ["generate"], ["occupancy"], ["audit"]])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_output_can_show_the_help(monkeypatch, encoding, command):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding=encoding))
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    sys.stdout.flush()
    assert end.value.code == 0 and b"--help" in printed.getvalue()


@pytest.mark.parametrize(("chosen", "label"), [(None, "→"), ("cp1252", "->")])
def test_on_windows_files_hold_utf_8_unless_told_otherwise(monkeypatch, chosen, label):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="cp1252"))
    monkeypatch.setattr(console.sys, "platform", "win32")
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    if chosen is not None:
        monkeypatch.setenv("PYTHONIOENCODING", chosen)
    console.print_any_letter()
    sys.stdout.write("→")
    sys.stdout.flush()
    assert printed.getvalue().decode(chosen or "utf-8") == label


def test_without_a_command_the_help_is_printed(capsys):
    out = printed(capsys)
    assert "generate" in out
    assert "occupancy" in out


def test_an_error_that_is_no_bad_input_is_not_hidden(monkeypatch):
    def broken(options):
        raise AttributeError("a mistake of the program's")

    monkeypatch.setattr(
        argparse.ArgumentParser,
        "parse_args",
        lambda *_: argparse.Namespace(run=broken, command="simulate"),
    )
    with pytest.raises(AttributeError):
        main([])


@contextmanager
def started(command, **options):
    """Start a process whose output is read here; if it takes minutes, it is stuck and is killed."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    ) as process:
        timer = Timer(300, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()


@pytest.mark.parametrize(
    "words", ["generate It --model letters -n 100000", "occupancy 0 1 -t 1 --particles 100"]
)
def test_a_closed_pipe_ends_it_quietly(words):
    """Whether there is much to print, or so little that all of it is still in the buffer."""
    with started([*COMMAND, *words.split()], env=BUFFERED) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_ends_it_with_a_message():
    with started([*COMMAND, "generate", "It", "-n", "1000000"]) as process:
        assert process.stdout.read(2) == b"It"  # by now it is drawing
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.stderr.read() == b"boltzmann generate: interrupted\n"
    assert process.returncode == 130
