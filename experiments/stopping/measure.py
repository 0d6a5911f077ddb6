"""Measure how many draws audits take: `python experiments/stopping/measure.py`.

Writes results.json, and docs/stopping.md from it; `--quick` prints a smaller run instead.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[0] = str(FOLDER.parent.parent)

import argparse  # noqa: E402
import json  # noqa: E402
from collections import Counter  # noqa: E402
from dataclasses import asdict, dataclass  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from boltzmann._core.files import write_file  # noqa: E402
from boltzmann.thermometer import SamplingLaw  # noqa: E402
from boltzmann.thermometer.sequential import SequentialTest  # noqa: E402
from boltzmann.thermometer.stopping import StoppingRule  # noqa: E402
from experiments.stopping.streams import (  # noqa: E402
    Audited,
    FloatArray,
    Stream,
    contexts,
    in_rounds,
    of_fixed_number,
    probabilities,
)

PAGE = FOLDER.parent.parent / "docs" / "stopping.md"
RESULTS = FOLDER / "results.json"
CLAIM = SamplingLaw(0.7)
RIVALS = (SamplingLaw(0.7 * 0.8), SamplingLaw(0.7 * 1.2))  # off by the resolution
CASES = {
    "t²": (SamplingLaw(0.49), "squared"),
    "ignored, t = 1": (SamplingLaw(1.0), "ignored"),
    "2t": (SamplingLaw(1.4), "doubled"),
    "a hidden top_p = 0.9": (SamplingLaw(0.7, top_p=0.9), "hidden_top_p"),
    "none": (SamplingLaw(0.7), ""),
}
RULE = StoppingRule(CLAIM, false_alarms=1e-3, resolution=0.2)
_REFUTED = np.log((1 - RULE.misses) / RULE.false_alarms)  # Wald's bounds
_ACCEPTED = np.log(RULE.misses / (1 - RULE.false_alarms))

BEGIN = """# How many draws an audit takes

An audit may stop as soon as its claim is decided. Here it stands beside one of a fixed number of
draws, on the same streams: the next token after {contexts} contexts of the small GPT-2, the
temperature claimed 0.7, a resolution of 20 %, at most one false alarm in 1,000 and one miss in 20.
`python experiments/stopping/measure.py` makes this page from a run.

- *all asked*: how many of {audits} audits of {asked} draws find the fault, by its name (or hold).
- *fixed*: the fewest draws at which 95 % of {fixed} such audits do.
- *in turn*: an audit that may stop after every {contexts} draws. How many find it; the mean number
  of draws; the number within which 19 of 20 have decided the claim, and named the fault.
- *by heat*: the same, but that after the first {contexts} draws the quarter of the contexts is
  asked that has the greatest heat capacity, and may stop after each such round. Once the claim is
  refuted all are asked in turn, to name the fault.
- *Wald*: the mean of Wald's test, contexts in turn, between the claim and the one fault there is
  (or the harder of two temperatures 20 % off), whose bounds assume that no other is possible.

| fault | all asked | fixed | in turn | mean | 19 of 20 | by heat | mean | 19 of 20 | Wald |
|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Config:
    """The size of a run."""

    contexts: int = 16
    asked: int = 2000  # draws of an audit of a fixed number
    audits: int = 40  # of each case
    fixed: int = 20  # of each case and each fixed number
    honest: int = 300  # audits of a true claim, of the sequential test alone
    seed: int = 5


QUICK = Config(audits=8, fixed=8, honest=20)


def walds_mean(logits: FloatArray, truth: SamplingLaw, rival: SamplingLaw, seed: int) -> float:
    """Return the mean number of draws of Wald's test of the claim against one rival: 1,000 runs."""
    # Where the rival is truncated, log 0 decides.
    with np.errstate(divide="ignore"):
        ratios = np.log(probabilities(logits, rival)) - np.log(probabilities(logits, CLAIM))
    lengths = []
    for run in range(1000):
        stream = Stream.drawn(logits, truth, 60, [seed, run])
        steps = np.take_along_axis(ratios, stream.tokens, axis=1).T.ravel()
        sums = np.cumsum(steps)
        ended = (sums >= _REFUTED) | (sums <= _ACCEPTED)
        lengths.append(int(np.argmax(ended)) + 1 if ended.any() else sums.size)
    return float(np.mean(lengths))


def found(audited: Audited, name: str) -> bool:
    """Whether an audit came to the right verdict, and name."""
    verdict = "fails" if name else "holds"
    return audited.diagnosis.verdict == verdict and audited.diagnosis.fault == name


def fixed_number(streams: list[Stream], name: str, most: int) -> int | None:
    """Return the fewest draws at which 19 of 20 audits come to the right verdict."""
    draws = 20
    while draws <= most:
        right = sum(found(of_fixed_number(stream, RULE, draws), name) for stream in streams)
        if right >= 0.95 * len(streams):
            return draws
        draws = int(draws * 1.25)
    return None


def case(config: Config, logits: FloatArray, truth: SamplingLaw, name: str) -> dict[str, Any]:
    """Return what was measured of one fault."""
    each = config.asked // config.contexts + 1
    streams = [  # by heat, a quarter of the contexts is asked four times as often
        Stream.drawn(logits, truth, 4 * each, [config.seed, k]) for k in range(config.audits)
    ]
    row: dict[str, Any] = {
        "all asked": sum(found(of_fixed_number(s, RULE, config.asked), name) for s in streams),
        "fixed": fixed_number(streams[: config.fixed], name, config.asked),
    }
    for way, by_heat in (("in turn", False), ("by heat", True)):
        audits = [in_rounds(stream, RULE, config.asked, by_heat=by_heat) for stream in streams]
        draws = [audited.draws for audited in audits]
        names = Counter(audited.diagnosis.fault or audited.diagnosis.verdict for audited in audits)
        row[way] = {
            "found": sum(found(audited, name) for audited in audits),
            "mean": float(np.mean(draws)),
            "decided": _nineteen_of_twenty([audited.decided for audited in audits]),
            "ended": _nineteen_of_twenty(draws),
            "names": dict(names),
        }
    rivals = [truth] if name else RIVALS
    row["Wald"] = max(walds_mean(logits, truth, rival, config.seed) for rival in rivals)
    return row


def _nineteen_of_twenty(draws: list[int]) -> float:
    """Return the fewest draws within which 19 of 20 audits are."""
    return float(np.quantile(draws, 0.95, method="higher"))


def false_alarms(config: Config, logits: FloatArray) -> dict[str, Any]:
    """Return how often the sequential test ever fails a true claim, at 0.001 and at 0.05."""
    largest = []
    for run in range(config.honest):
        stream = Stream.drawn(logits, CLAIM, 64, [config.seed, 1, run])
        test = SequentialTest(CLAIM)
        test.add(stream.reading(stream.in_turn))
        largest.append(test.p_value)
    p_values = np.array(largest)
    return {
        "audits": config.honest,
        "draws": 64 * config.contexts,
        "at 0.001": int((p_values <= 1e-3).sum()),
        "at 0.05": int((p_values <= 0.05).sum()),
    }


def measure(config: Config) -> dict[str, Any]:
    """Return all that is measured."""
    logits = contexts(config.contexts, config.seed)
    cases = {}
    for label, (truth, name) in CASES.items():
        cases[label] = case(config, logits, truth, name)
        sys.stderr.write(f"{label} {json.dumps(cases[label], ensure_ascii=False)}\n")
    return {
        "config": asdict(config),
        "cases": cases,
        "false alarms": false_alarms(config, logits),
    }


def page(results: dict[str, Any]) -> str:
    """Return the page."""
    config = results["config"]
    lines = [_line(label, row, config) for label, row in results["cases"].items()]
    alarms = results["false alarms"]
    ended = (
        f"Of {alarms['audits']:,} sequential tests of a true claim, looked at after each of "
        f"{alarms['draws']:,} draws,\n{alarms['at 0.001']} ever failed at a bound of 0.001, and "
        f"{alarms['at 0.05']} at a bound of 0.05."
    )
    wrong = f"What a fault is called where it is not found:\n\n{_misnamed(results['cases'])}"
    table = BEGIN.format(**config) + "\n".join(lines)
    return "\n\n".join([table, ended, wrong]) + "\n"


def _line(label: str, row: dict[str, Any], config: dict[str, Any]) -> str:
    audits = config["audits"]
    cells = [label, f"{row['all asked']} of {audits}", f"{row['fixed'] or 'more'}"]
    for way in ("in turn", "by heat"):
        measured = row[way]
        cells.append(f"{measured['found']} of {audits}")
        cells.append(f"{measured['mean']:.0f}")
        cells.append(f"{measured['decided']:.0f}, {measured['ended']:.0f}")
    return f"| {' | '.join([*cells, format(row['Wald'], '.0f')])} |"


def _misnamed(cases: dict[str, Any]) -> str:
    """Return the wrong verdicts of audits that may stop, each with its number."""
    lines = []
    for label, row in cases.items():
        right = CASES[label][1] or "holds"
        for way in ("in turn", "by heat"):
            wrong = {name: n for name, n in row[way]["names"].items() if name != right}
            if wrong:
                counts = ", ".join(f"`{name}` {number}" for name, number in wrong.items())
                lines.append(f"- {label}, {way}: {counts}")
    return "\n".join(lines) or "- none"


def main() -> None:
    """Measure; write the results and the page, unless the run is a quick one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller run, which writes nothing")
    quick = parser.parse_args().quick
    results = measure(QUICK if quick else Config())
    if quick:
        sys.stdout.write(page(results))
        return
    write_file(RESULTS, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    write_file(PAGE, page(results))


if __name__ == "__main__":
    main()
