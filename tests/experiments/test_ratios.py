"""The table of ratios: its command, and the arithmetic of one ratio, by clocks that are set."""

import csv

import pytest

from experiments.speed.ratios import __main__ as command
from experiments.speed.ratios import runs
from experiments.speed.ratios.ratio import NotMeasuredError, Row, ratio


def refused():
    raise NotMeasuredError("there is no compiler")


@pytest.fixture
def rows(monkeypatch):
    listed = [
        Row("move fast", "a loop", 0.5, lambda: 0.25),
        Row("move slow", "a loop", 0.5, lambda: 0.75),
        Row("law even", "SciPy", 1.0, lambda: 1.0),
        Row("move in C", "C", 1.2, refused),
    ]
    monkeypatch.setattr(command, "_rows", lambda: iter(listed))


def test_the_status_tells_whether_a_goal_is_missed(rows, capsys):
    assert command.main(["--only", "move fast", "law*"]) == 0
    assert "missed" not in capsys.readouterr().out
    assert command.main([]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in told if line.endswith("missed")] == ["move slow"]


def test_a_row_that_cannot_be_measured_says_why_and_misses_nothing(rows, capsys, tmp_path):
    assert command.main(["--only", "move in C", "--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.rstrip().endswith("there is no compiler")
    assert not (tmp_path / "out").exists()


def test_names_that_match_no_row_are_bad_input(rows, capsys):
    assert command.main(["--only", "mov"]) == 2
    assert "no row is named like mov" in capsys.readouterr().err


def test_what_was_measured_is_written_as_a_table(rows, tmp_path):
    assert command.main(["--only", "move*", "--output", str(tmp_path / "out")]) == 1
    with (tmp_path / "out" / "ratios.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [
        (row["work"], row["beside"], float(row["ratio"]), float(row["goal"])) for row in read
    ] == [
        ("move fast", "a loop", 0.25, 0.5),
        ("move slow", "a loop", 0.75, 0.5),
    ]


def test_every_row_of_the_package_is_one_of_its_kind_and_has_a_goal():
    found = list(command._rows())
    assert len({(row.name, row.beside) for row in found}) == len(found) > 0
    assert all(row.beside and row.goal > 0 for row in found)


class Clock:
    """Time that passes only while a call takes it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def call(self, *seconds):
        """Return a call that takes these seconds one after the other, then the last for ever."""
        left = list(seconds)

        def work():
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return work


def test_a_ratio_is_of_the_least_times_and_the_first_call_does_not_count():
    clock = Clock()
    # compiles; is timed for the repeats; then turns of one call each, the third undisturbed
    ours = clock.call(100, 1, 5, 7, 2, 9)
    theirs = clock.call(50, 1, 8, 4, 9, 9)
    assert ratio(ours, theirs, turns=4, shortest=0.02, clock=clock) == 2 / 4


def test_short_calls_are_repeated_until_a_turn_is_long_enough():
    clock, calls = Clock(), []
    work = clock.call(0.001)
    ours = lambda: (calls.append(1), work())  # noqa: E731
    assert ratio(ours, clock.call(0.004), turns=3, shortest=0.0205, clock=clock) == pytest.approx(
        0.25
    )
    assert len(calls) == 2 + 3 * 20


def test_without_an_older_checkout_the_lessons_are_not_measured(monkeypatch, tmp_path):
    for folder in (None, str(tmp_path)):
        monkeypatch.delenv(runs.BEFORE, raising=False)
        if folder is not None:
            monkeypatch.setenv(runs.BEFORE, folder)
        with pytest.raises(NotMeasuredError, match=runs.BEFORE):
            runs._lessons(cold=False)
        with pytest.raises(NotMeasuredError, match=runs.BEFORE):
            runs._tests()


def test_whole_runs_are_measured_by_turns_and_by_the_least():
    asked, times = (
        [],
        {(0, 0): 9.0, (1, 0): 8.0, (0, 1): 3.0, (1, 1): 6.0, (0, 2): 4.0, (1, 2): 7.0},
    )
    assert runs._least(lambda *turn: asked.append(turn) or times[turn]) == 3.0 / 6.0
    assert asked == list(times)


def test_a_run_that_fails_is_not_measured(tmp_path):
    with pytest.raises(NotMeasuredError, match="no such lesson"):
        runs._processor(["-c", "import sys; sys.exit('no such lesson')"], tmp_path, {})
