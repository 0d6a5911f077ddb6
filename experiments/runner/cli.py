"""The command line `python -m experiments`: run experiments, write or verify their figures."""

import argparse
import difflib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

import experiments
from boltzmann._core.console import Parser, ended, print_any_letter
from boltzmann._core.threads import available_processors
from boltzmann.language import load_corpus
from experiments.runner import comparison, gallery, lesson
from experiments.runner.experiment import Experiment, discovered, in_order, varies
from experiments.runner.parallel import run_in_processes
from experiments.runner.table import Verdict

FIGURES = Path(experiments.__file__).resolve().parent.parent / "figures"
LEAST_TEXT = 100  # letters from which a model can be trained
MOST_JOBS = 4  # unless more are asked for: each takes memory, and the longest lesson its time


class BadInputError(Exception):
    """Something the user can mend; its message is one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its status.

    That is 1 if a verdict or a comparison fails, 2 on bad input, 130 on Ctrl-C, 141 if nobody reads
    the output.
    """
    print_any_letter()  # also in --help
    options = _parser().parse_args(arguments)
    return ended("experiments", lambda: _run(options), (BadInputError, gallery.NotItsTableError))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m experiments",
        description="Run experiments, rewrite their figures and print their verdicts.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments to run")
    parser.add_argument(
        "--all", action="store_true", help="also those that run only on request, such as timings"
    )
    parser.add_argument(
        "--list", action="store_true", help="list the experiments, their minutes and questions"
    )
    parser.add_argument("--lesson", action="store_true", help="print the lessons, and run nothing")
    parser.add_argument(
        "--predict",
        action="store_true",
        help="ask what a lesson asks to be predicted, and only then print the rest of it",
    )
    parser.add_argument(
        "--quick", action="store_true", help="smaller presets, into a folder of their own"
    )

    parser.add_argument(
        "--verify",
        action="store_true",
        help="recompute in a temporary folder and compare with the figures folder",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_positive,
        help=f"run N experiments at a time; by default one a processor, at most {MOST_JOBS}",
    )
    parser.add_argument(
        "--corpus", metavar="FILE", help="train the letter model on this UTF-8 text instead"
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="write here; by default figures/, or a temporary folder with --quick or --corpus",
    )

    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    known = discovered()
    if options.list:
        return _list(known)
    chosen = _chosen(options, known)
    if options.predict:
        return _predict(options, chosen)
    if options.lesson:
        print("\n\n\n".join(lesson.text(module) for module in chosen.values()))
        return 0

    _check_corpus(options.corpus)
    if options.verify:
        if options.quick or options.corpus or options.output:
            raise BadInputError(
                "--verify recomputes the committed figures: it goes with names, --all or --jobs "
                "and no other option"
            )
        return _verify(chosen, known, options, whole=not options.names or len(chosen) == len(known))
    return _write(chosen, known, options)


def _predict(options: argparse.Namespace, chosen: Mapping[str, Experiment]) -> int:
    """Ask for the predictions of the lessons that are named."""
    from experiments.runner import dialogue  # with SciPy, for which no other command waits

    if not options.names:
        raise BadInputError(
            "--predict asks for one lesson: python -m experiments --lesson limits --predict"
        )
    if sys.stdin is None or not sys.stdin.isatty():
        lessons = " ".join(options.names)
        raise BadInputError(
            f"--predict asks questions and needs a terminal to be answered in; "
            f"`python -m experiments --lesson {lessons}` prints them with their answers"
        )
    for module in chosen.values():
        dialogue.predict(module, input, print)
    return 0


def _list(known: Mapping[str, Experiment]) -> int:
    width = max(map(len, known), default=0)
    for name, module in known.items():
        request = " (on request)" if varies(module) else ""
        minutes = f"{lesson.minutes(module):3d} min"
        print(f"{name:{width}s} {minutes}  {lesson.question(module)}{request}")
    return 0


def _chosen(options: argparse.Namespace, known: Mapping[str, Experiment]) -> dict[str, Experiment]:
    """Return the experiments that are named, or all that need no naming."""
    for name in options.names:
        if name not in known:
            near = difflib.get_close_matches(name, known, cutoff=0.4) or list(known)
            raise BadInputError(f"there is no experiment {name!r}; near it: {', '.join(near)}")
    if options.names:
        return {name: known[name] for name in options.names}
    return {name: module for name, module in known.items() if options.all or not varies(module)}


def _check_corpus(file: str | None) -> None:
    if file is None:
        return
    try:
        text = load_corpus(file)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    if len(text) < LEAST_TEXT or len(set(text)) < 2:
        raise BadInputError(
            f"{file}: a letter model takes {LEAST_TEXT} letters or more, and two different"
        )


def _write(
    chosen: dict[str, Experiment], known: Mapping[str, Experiment], options: argparse.Namespace
) -> int:
    """Compute what is chosen and write it with the gallery."""
    folder = _folder(options)
    try:
        verdicts = _compute(chosen, options, folder)
        gallery.finish(_present(known, folder), folder)
    except OSError as error:
        raise BadInputError(f"cannot write {error.filename or folder}: {error.strerror}") from error
    print(f"figures in {folder}")
    return _report(verdicts)


def _present(known: Mapping[str, Experiment], folder: Path) -> list[Experiment]:
    """Return the experiments whose tables a folder has, and import no others."""
    return in_order(known[path.stem] for path in folder.glob("*.csv") if path.stem in known)


def _folder(options: argparse.Namespace) -> Path:
    """Return the folder to write to, made if need be and tried, before any work."""
    if options.output is None and (options.quick or options.corpus):
        return Path(tempfile.mkdtemp(prefix="boltzmann-figures-"))
    folder: Path = options.output or FIGURES
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        elsewhere = "" if options.output else "; --output FOLDER writes to a folder of yours"
        raise BadInputError(f"cannot write to {folder}: {error.strerror}{elsewhere}") from error
    return folder


def _compute(
    chosen: Mapping[str, Experiment], options: argparse.Namespace, folder: Path
) -> dict[str, list[Verdict]]:
    """Run the chosen experiments and write their files; return their verdicts by name.

    Those that vary, such as timings, run after all others, each alone.
    """
    verdicts: dict[str, list[Verdict]] = {}
    steady = [name for name, module in chosen.items() if not varies(module)]
    jobs = min(_jobs(options), len(steady))
    with tqdm(
        total=len(chosen), unit="experiment", bar_format="{l_bar}{bar}| {elapsed}", disable=None
    ) as bar:

        def done(name: str, judged: list[Verdict]) -> None:
            verdicts[name] = judged
            bar.set_description(name)
            bar.n = len(verdicts)
            bar.refresh()

        def progress(fraction: float) -> None:
            bar.n = len(verdicts) + fraction
            bar.refresh()

        if jobs > 1:
            configs = {name: _config(chosen[name], options) for name in steady}
            run_in_processes(configs, folder, jobs, done)
        for name in sorted(set(chosen) - set(verdicts), key=[*steady, *chosen].index):
            bar.set_description(name)
            config = _config(chosen[name], options)
            table = chosen[name].compute(config, progress)
            done(name, gallery.write(chosen[name], config, table, folder))
    return {name: verdicts[name] for name in chosen}


def _jobs(options: argparse.Namespace) -> int:
    """Return how many experiments may run at a time."""
    if options.jobs is None:
        return min(available_processors(), MOST_JOBS)
    return int(options.jobs)


def _config(module: Experiment, options: argparse.Namespace) -> Any:
    config = module.QUICK if options.quick else module.Config()
    if options.corpus is not None and hasattr(config, "corpus"):
        return replace(config, corpus=options.corpus)
    return config


def _report(verdicts: dict[str, list[Verdict]]) -> int:
    """Print the table of verdicts; return 0 if all hold, else 1."""
    rows = [(name, v) for name, judged in verdicts.items() for v in judged]
    names = max((len(name) for name, _ in rows), default=0)
    width = max((len(v.claim) for _, v in rows), default=0)
    for name, v in rows:
        mark = "holds" if v.holds else "FAILS"
        found = f"{v.measured}; expected {v.expected}; {v.criterion}"
        print(f"{mark}  {name:{names}s}  {v.claim:{width}s}  {found}")
    failed = sum(not v.holds for _, v in rows)
    print(f"{len(rows) - failed} of {len(rows)} verdicts hold")
    return 1 if failed else 0


def _verify(
    chosen: dict[str, Experiment],
    known: Mapping[str, Experiment],
    options: argparse.Namespace,
    whole: bool,
) -> int:
    """Recompute what is chosen and compare; judge the rest of a `whole` folder as it is."""
    standing = [module for name, module in known.items() if whole and name not in chosen]
    with tempfile.TemporaryDirectory(prefix="boltzmann-verify-") as temporary:
        made = Path(temporary)
        verdicts = _compute(chosen, options, made)
        for module in standing:
            verdicts |= gallery.adopt(module, FIGURES, made)
        gallery.finish(_present(known, made), made)
        everything = [*chosen.values(), *standing]
        wrong, remarks = comparison.differences(FIGURES, made, everything, whole)

    status = _report(verdicts)
    for line in remarks:
        print(line)
    for line in wrong:
        print(f"DIFFERS  {line}")
    print(f"{len(chosen)} tables compared with {FIGURES}, {len(wrong)} differences")
    return 1 if wrong else status
