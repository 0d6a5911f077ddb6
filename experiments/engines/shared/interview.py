"""Ask one engine all questions, and write down what it did.

An engine's script defines a subclass of `Engine` and ends in `interview.main(TheSubclass)`. It is
run by `run.py` in the engine's own environment, where this folder is on the path and NumPy is
installed. What is written are observations: counts, texts, log-probabilities, or the error. What
they mean is said by `questions.py`.
"""

import contextlib
import json
import math
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import known_logits
import numpy as np

READING_TEMPERATURES = (0.3, 0.7, 1.0, 1.5)
FEW = 300
SOME = 1_000


class NoAnswerError(Exception):
    """What an engine was asked has no answer; the message is the reason."""


class Engine:
    """What a script has to say of its engine.

    Settings are called temperature, top_k, top_p, min_p and seed for every engine; a script
    translates them to the engine's names, and passes on whatever else it named itself in `off`. A
    setting that is not given is not sent. An exception is an answer, written down as what the
    engine says; a `NoAnswerError` is the reason why there is none.
    """

    off: ClassVar[
        dict[str, Any]
    ] = {}  # what turns sampling on and every truncation and penalty off
    lacks: ClassVar[
        dict[str, str]
    ] = {}  # the reason why a question has no answer, by the question's key
    draws: ClassVar[int] = 20_000  # for each reading
    tail: ClassVar[tuple[int, int]] = (100_000, 20_000)  # tokens of probability 1e-7, and draws

    def versions(self) -> dict[str, str]:
        """Return the versions of what was run."""
        raise NotImplementedError

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        """Return `count` draws or somewhat more of a row, as places in it (`Vocabulary.places`).

        The row "tail" is `known_logits.tail_row`, and may need a model of its own.
        """
        raise NotImplementedError

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        """Return the log-probability reported of each place of a row; None if withheld."""
        raise NotImplementedError

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        """Return the draws, `length` each, of equal prompts in one call or request."""
        raise NotImplementedError

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        """Yield what is asked of this engine alone: a key, the question, and what observes."""
        yield from ()

    def close(self) -> None:
        """End what was started."""

    def counted(self, row: str, count: int, **settings: Any) -> dict[str, Any]:
        """Return an observation: the counts of `count` draws of a row."""
        size = 1 + self.tail[0] if row == "tail" else known_logits.ROWS[row].size
        settled = {
            "row": row,
            "settings": {name: written(value) for name, value in settings.items()},
        }

        try:
            places = self.draw(row, count, **settings)[:count]
        except NoAnswerError:
            raise
        except Exception as error:
            return settled | {"error": said(error)}

        drawn, others = known_logits.counts(places, size)
        foreign = {"others": others} | (
            {"kinds": len({p for p in places if p < 0})} if others else {}
        )
        if row != "tail":
            return settled | {"counts": drawn} | foreign
        tail = np.array(drawn[1:])
        last = int(np.flatnonzero(tail).max(initial=-1)) + 1
        settled |= {"tokens": self.tail[0], "draws": sum(drawn) + others, "tail": int(tail.sum())}

        return settled | {"last": last} | foreign


def next_length(length: int, places: list[int]) -> int:
    """Return how long a text to ask for after one of which these draws could be used.

    Where foreign tokens come, all that follows the first is wasted.
    """
    return length if len(places) >= length else min(length, 2 * len(places))


def written(value: Any) -> Any:
    """Return a setting as JSON holds it: infinity and not a number are texts."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def said(error: Exception) -> str:
    """Return an error in one line, without addresses and paths."""
    words = " ".join(re.sub(r"( at)? /\S+", "", str(error)).split())
    return f"{type(error).__name__}: {words[:160]}".rstrip(": ")


def observations(
    engine: Engine, script: Path
) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield for each question its key and a function that makes the observation."""
    off, counted = engine.off, engine.counted
    for key, t in (
        ("zero", 0.0),
        ("tiny", 1e-6),
        ("subnormal", 1e-40),
        ("hot", 1e6),
        ("infinite", math.inf),
        ("negative", -1.0),
    ):
        yield key, lambda t=t: counted("three", FEW, **off | {"temperature": t})
    yield "floor", lambda: counted("near", FEW, **off | {"temperature": 1e-6})
    yield "zero_ties", lambda: counted("equal", FEW, **off | {"temperature": 0.0})
    yield "defaults", lambda: counted("rank", 4 * SOME)
    yield "temperature_alone", lambda: counted("rank", 4 * SOME, temperature=0.7)

    cut = off | {"temperature": 1.0}
    yield "order", lambda: counted("three", SOME, **cut | {"temperature": 0.5, "top_p": 0.8})
    yield "nucleus", lambda: counted("four", SOME, **cut | {"top_k": 3, "top_p": 0.75})
    yield "min_p_order", lambda: counted("four", SOME, **cut | {"min_p": 0.6, "top_p": 0.45})
    yield "ties_top_k", lambda: counted("ties", SOME, **cut | {"top_k": 2})
    yield "ties_top_p", lambda: counted("ties", SOME, **cut | {"top_p": 0.6})

    yield (
        "logprob",
        lambda: {
            "row": "three",
            "settings": (sent := off | {"temperature": 0.5, "top_k": 2}),
            "logprobs": [
                None if value is None or not math.isfinite(value) else float(value)
                for value in engine.logprobs("three", **sent)
            ],
        },
    )

    hot = off | {"temperature": 1.0}

    def texts(**settings: Any) -> list[list[int]]:
        return [engine.draw("rank", 20, **settings)[:20] for _ in range(2)]

    def elsewhere() -> list[list[int]]:
        command = [sys.executable, "-P", str(script), "--unseeded"]
        lines = [
            subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)
        ]
        return [json.loads(line.stdout.splitlines()[-1]) for line in lines]

    yield "seed_repeats", lambda: {"texts": texts(**hot | {"seed": 7})}
    yield "seed_absent", lambda: {"texts": texts(**hot)}
    yield "seed_processes", lambda: {"texts": elsewhere()}
    yield "batch_seeded", lambda: {"texts": engine.batch("rank", 4, 20, **hot | {"seed": 7})}
    yield "batch_unseeded", lambda: {"texts": engine.batch("rank", 4, 20, **hot)}
    yield "tail", lambda: counted("tail", engine.tail[1], **hot)
    for t in READING_TEMPERATURES:
        yield (
            f"reading_{t:g}",
            lambda t=t: counted("rank", engine.draws, **off | {"temperature": t}),
        )
    for key, asked, observe in engine.also():
        yield f"also_{key}", lambda asked=asked, observe=observe: {"asked": asked} | observe()


def main(kind: type[Engine]) -> None:
    """Run a script: answer into the file that is its argument, or print draws for --unseeded.

    A file that has answers already is gone on with, so that an engine which ends the process is
    asked no more than once what ended it.
    """
    script = Path(sys.argv[0]).resolve()
    with contextlib.redirect_stdout(sys.stderr):
        engine = kind()
        try:
            if sys.argv[1] == "--unseeded":
                first = engine.draw("rank", 20, **engine.off | {"temperature": 1.0})[:20]
            else:
                _answer(engine, script, Path(sys.argv[1]))
        finally:
            engine.close()
    if sys.argv[1] == "--unseeded":
        sys.stdout.write(json.dumps(first) + "\n")


def _answer(engine: Engine, script: Path, path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"observed": {}}
    document |= {"versions": engine.versions(), "date": date.today().isoformat()}
    observed = document["observed"]

    def keep(key: str, observation: dict[str, Any]) -> None:
        observed[key] = observation
        path.write_text(json.dumps(document), encoding="utf-8")

    for key, observe in observations(engine, script):
        if key in observed:
            continue
        if key in engine.lacks:
            keep(key, {"reason": engine.lacks[key]})
            continue
        keep(key, {"error": "the process ended"})
        try:
            keep(key, observe())
        except NoAnswerError as reason:
            keep(key, {"reason": str(reason)})
        except Exception as error:
            traceback.print_exc()
            keep(key, {"error": said(error)})
        sys.stderr.write(f"{key}: {str(observed[key])[:150]}\n")
