"""What a server answered, kept line by line, so that an audit goes on from where it was interrupted."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boltzmann._core.checks import as_count, as_positive
from boltzmann.thermometer.io.responses import steps_of
from boltzmann.thermometer.io.saved_draws import SavedDraws, gather, numbered_lines

_BEGINNING = b'{"audit": '
_NAMES = ("token", "bytes", "id")  # what tells tokens apart


class Journal:
    """A file of JSON lines: first what is asked of which server, then its answers.

    An answer is one line, written at once, and the first to be lost when the process is killed is
    the last line.

    Attributes
    ----------
    path : Path
        The file.
    scale : float or None
        What log-probabilities are multiplied by to be those before the temperature; None until that
        is known.
    draws : int
        How many are kept.
    """

    def __init__(self, path: str | os.PathLike[str], summary: dict[str, Any]):
        """Open the file; it is made when there is something to keep, and no other audit has made it by then.

        Raises
        ------
        ValueError
            If it cannot be read or written to, is damaged, or keeps something else; it is left as
            it is.
        """
        self.path, self._summary = Path(path), summary
        self.scale: float | None = None
        self.draws = 0
        self._asked: set[int] = set()
        self._begun = False
        self._mode = (
            "a" if self.path.exists() else "x"
        )  # of the first line: "x" finds out who came between
        if not self.path.parent.is_dir():
            raise ValueError(f"{self.path} cannot be kept: there is no folder {self.path.parent}")
        if self._mode == "x":
            self._try()
        else:
            self._resume()

    def _try(self) -> None:
        """Find out whether the file can be made."""
        try:
            self.path.touch(exist_ok=False)
            self.path.unlink()
        except OSError as error:
            raise self._failure(error) from None

    def _resume(self) -> None:
        lines = numbered_lines(self.path) if self._whole() else []
        if not lines:
            return
        (words, head), *answers = lines
        found = head.get("audit") if isinstance(head, dict) else None
        if not isinstance(found, dict):
            raise ValueError(f"{words} does not say what was asked: no audit can go on from it")
        for name, value in self._summary.items():
            if found.get(name) != value:
                there = _difference(name, found.get(name), value)
                raise ValueError(
                    f"{self.path} keeps another audit: {there}. Keep this one elsewhere"
                )
        try:
            self.scale, self._begun = as_positive("scale", found.get("scale")), True
            for place, line in answers:
                words = place
                self._count(
                    as_count("request", line["request"], least=0), len(steps_of(line["response"]))
                )
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{words} keeps no answer: {error}") from None

    def _whole(self) -> bool:
        """Cut off a last line that was not finished, and tell whether anything is left."""
        try:
            with self.path.open("r+b") as file:
                content = file.read()
                if not (content.startswith(_BEGINNING) or _BEGINNING.startswith(content)):
                    raise ValueError(f"{self.path} keeps no audit: it is not written to")
                end = content.rfind(b"\n") + 1
                if end < len(content):
                    file.truncate(end)
                return end > 0
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> ValueError:
        return ValueError(f"{self.path} cannot be kept: {error.strerror}")

    def _count(self, number: int, draws: int) -> None:
        if number in self._asked:
            raise ValueError(f"request {number} is there twice")
        self._asked.add(number)
        self.draws += draws

    def add(self, number: int, prompt: str, response: dict[str, Any], draws: int) -> None:
        """Keep the answer to a request, in which so many draws are."""
        if not self._begun:
            self._write({"audit": {**self._summary, "scale": self.scale}}, self._mode)
            self._begun = True
        self._write({"request": number, "prompt": prompt, "response": evidence_of(response)}, "a")
        self._count(number, draws)

    def _write(self, line: dict[str, Any], mode: str) -> None:
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise self._failure(error) from None

    def unasked(self, number: int) -> int:
        """Return the first request from `number` on that has no answer."""
        while number in self._asked:
            number += 1
        return number

    def records(self, scale: float | None = None) -> SavedDraws:
        """Return all draws that are kept; see `load_draws`."""
        return gather(numbered_lines(self.path), scale)


def _difference(name: str, there: Any, here: Any) -> str:
    """Return what two audits differ in; of a field that is sent, its name alone."""
    if not isinstance(here, dict):
        return f"{name} is {there!r} there and {here!r} here"
    there = there if isinstance(there, dict) else {}
    differing = sorted(field for field in {*there, *here} if there.get(field) != here.get(field))
    return f"{', '.join(differing)} of its {name} {'is' if len(differing) == 1 else 'are'} not the same"


def evidence_of(response: dict[str, Any]) -> dict[str, Any]:
    """Return what a response tells of offers and draws: in the rest a server may echo anything."""
    if "completion_probabilities" in response:
        return {"completion_probabilities": _entries(response["completion_probabilities"])}
    kept: dict[str, Any] = {
        "choices": [{"logprobs": _logprobs(choice["logprobs"])} for choice in response["choices"]]
    }
    usage = response.get("usage")
    return kept | ({"usage": _only(usage, "prompt_tokens")} if isinstance(usage, Mapping) else {})


def _logprobs(found: Mapping[str, Any]) -> dict[str, Any]:
    if "content" in found:
        return {"content": _entries(found["content"] or [])}
    return _only(found, "tokens", "top_logprobs")


def _entries(entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        _only(entry, *_NAMES)
        | {"top_logprobs": [_only(item, *_NAMES, "logprob") for item in entry["top_logprobs"]]}
        for entry in entries
    ]


def _only(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}
