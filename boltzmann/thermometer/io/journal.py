"""The journal of an audit: one answer a line, from which an interrupted audit resumes."""

import json
import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Literal

from boltzmann._core.checks import as_count, as_positive
from boltzmann._core.locks import take
from boltzmann.thermometer.io.answer_forms import AnswerForm, form_of, with_logprobs
from boltzmann.thermometer.io.lines import LineReader, numbered_lines
from boltzmann.thermometer.io.responses import (
    ParsedResponse,
    entry_lists,
    parse_response,
    settings_in,
)
from boltzmann.thermometer.io.saved_draws import SavedDraws, draws_read
from boltzmann.thermometer.io.server_settings import ServerSettings, sampler_settings

_BEGINNING = b'{"audit": '
_OF_TOKEN = ("token", "bytes", "id", "token_id", "logprob")  # its fields that are kept


class Journal:
    """A file of JSON lines: first what is asked of which server, then its answers.

    Each answer is one line, written at once: if the process is killed, at most the last line is
    incomplete, and it is cut off when the audit resumes. While an audit writes, another one is
    refused.

    Parameters
    ----------
    path : str or os.PathLike
        The file. It is made with the first answer, unless another audit has made it by then.
    summary : dict
        What makes two audits the same one, from `AuditRequest.summary`.

    Attributes
    ----------
    path : Path
        The file.
    scale : float or None
        The factor that makes log-probabilities those before the temperature; None until it is
        known.
    listed : int or None
        The length that lists are asked for.
    scale_told : bool
        Whether lists told that factor where they were asked.
    said : ServerSettings or None
        What the server says of itself; None until it was asked.
    draws : int
        How many draws the journal holds.
    prompts_listed : set of str
        The prompts whose lists were asked for apart from draws.

    Raises
    ------
    ValueError
        If the file cannot be read or written, is being written by another audit, is damaged, or
        holds something else; it is left as it is.
    """

    def __init__(self, path: str | os.PathLike[str], summary: dict[str, Any]):
        self.path = Path(path)
        self.scale: float | None = None
        self.listed: int | None = None
        self.scale_told = True
        self.said: ServerSettings | None = None
        self.draws = 0
        self.prompts_listed: set[str] = set()
        self._summary = summary
        self._answered: set[int] = set()
        self._reader = LineReader()
        self._has_header = False
        self._file: FileIO | None = None  # open, and taken, from the first look into it

        if not self.path.parent.is_dir():
            raise ValueError(f"{self.path} cannot be kept: there is no folder {self.path.parent}")
        if not self.path.exists():
            self._check_writable()
            return
        try:
            self._resume()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let other audits have the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(
        self, number: int, prompt: str, response: dict[str, Any], parsed: ParsedResponse
    ) -> None:
        """Write the answer to a request.

        Parameters
        ----------
        number : int
            Of the request.
        prompt : str
            What was asked.
        response : dict
            The answer, of which the lists and draws are kept.
        parsed : ParsedResponse
            The same, parsed.

        Raises
        ------
        ValueError
            If it cannot be written, or the request was answered before.
        """
        self._write_header()
        self._write({"request": number, "prompt": prompt, "response": evidence_of(response)})
        where = f"{self.path}, line {len(self._answered) + 2}"
        self._count(number, prompt, parsed, where)

    def add_list(self, prompt: str, response: dict[str, Any], parsed: ParsedResponse) -> None:
        """Write the answer that lists the tokens after a prompt; its own token is no draw."""
        self._write_header()
        self._write({"list": prompt, "response": evidence_of(response)})
        self._note_list(prompt, parsed)

    def add_tokens(self, number: int, prompt: str, tokens: list[int | str | None]) -> None:
        """Write tokens that were drawn after a prompt whose list is there."""
        self._write({"request": number, "prompt": prompt, "tokens": tokens})
        self._count_tokens(number, prompt, tokens)

    def _write_header(self) -> None:
        if not self._has_header:
            said = (self.said or ServerSettings()).as_json()
            found = {"scale": self.scale, "scale_told": self.scale_told, "said": said}
            found["listed"] = self._reader.listed = self.listed
            self._write({"audit": {**self._summary, **found}})
            self._has_header = True

    def next_unanswered(self, number: int) -> int:
        """Return the first request from `number` on that has no answer."""
        while number in self._answered:
            number += 1
        return number

    def saved_draws(self, scale: float | None = None) -> SavedDraws:
        """Return all draws; see `load_draws`."""
        return draws_read(self._reader, self.scale if scale is None else scale)

    def _check_writable(self) -> None:
        """Make the file and remove it, so that a failure shows before a server is asked."""
        try:
            self.path.touch(exist_ok=False)
            self.path.unlink()
        except OSError as error:
            raise self._failure(error) from None

    def _resume(self) -> None:
        """Read the header, check that it is of the same audit, and count the answers."""
        lines = numbered_lines(self.path) if self._cut_to_whole_lines() else []
        if not lines:
            return
        (where, header), *answers = lines
        self._check_same_audit(where, header)

        try:
            self.scale = as_positive("scale", header["audit"].get("scale"))
            self.scale_told = bool(header["audit"].get("scale_told", True))
            if header["audit"].get("listed") is not None:
                self.listed = self._reader.listed = as_count("listed", header["audit"]["listed"])
            self.said = ServerSettings(**header["audit"].get("said", {}))
            self._has_header = True
            for place, line in answers:
                where = place
                self._resume_line(line, where)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{where} keeps no answer: {error}") from None

    def _resume_line(self, line: Any, where: str) -> None:
        """Count what a line holds."""
        if "list" in line:
            self._note_list(line["list"], parse_response(line["response"]))
            return
        number = as_count("request", line["request"], least=0)
        prompt = line.get("prompt")
        if isinstance(line.get("tokens"), list):
            self._count_tokens(number, prompt, line["tokens"])
        else:
            self._count(number, prompt, parse_response(line["response"]), where)

    def _cut_to_whole_lines(self) -> bool:
        """Cut off an incomplete last line, and tell whether anything is left."""
        try:
            file = self._opened("r+b")
            content = file.read()
            if not (content.startswith(_BEGINNING) or _BEGINNING.startswith(content)):
                raise ValueError(f"{self.path} keeps no audit: it is not written to")
            end = content.rfind(b"\n") + 1
            if end < len(content):
                file.truncate(end)
            return end > 0
        except OSError as error:
            raise self._failure(error) from None

    def _opened(self, mode: Literal["r+b", "xb"]) -> FileIO:
        """Open the file, and take it from other audits."""
        file = self.path.open(mode, buffering=0)  # what does not fit is not written at the end
        if not take(file):
            file.close()
            raise ValueError(
                f"{self.path} is being written by another audit: keep this one elsewhere, or wait"
            )
        self._file = file
        return file

    def _check_same_audit(self, where: str, header: Any) -> None:
        found = header.get("audit") if isinstance(header, dict) else None
        if not isinstance(found, dict):
            raise ValueError(f"{where} does not say what was asked: no audit can resume from it")
        for name, value in self._summary.items():
            if found.get(name) != value:
                difference = _difference(name, found.get(name), value)
                raise ValueError(
                    f"{self.path} keeps another audit: {difference}. Keep this one elsewhere"
                )

    def _note_list(self, prompt: str, parsed: ParsedResponse) -> None:
        self._reader.add_list(prompt, parsed)
        self.prompts_listed.add(prompt)

    def _count_tokens(self, number: int, prompt: Any, tokens: list[Any]) -> None:
        self._note_answered(number)
        self._reader.add_tokens(number, prompt, tokens)
        self.draws += len(tokens)

    def _note_answered(self, number: int) -> None:
        if number in self._answered:
            raise ValueError(f"request {number} is there twice")
        self._answered.add(number)

    def _count(self, number: int, prompt: Any, parsed: ParsedResponse, where: str) -> None:
        self._note_answered(number)
        self._reader.add_kept(number, prompt, parsed, where)
        self.draws += len(parsed.draws)

    def _write(self, line: dict[str, Any]) -> None:
        """Add a line; mode "x" fails if another audit has made the file in the meantime."""
        try:
            file = self._file or self._opened("xb")
            file.seek(0, os.SEEK_END)
            rest = json.dumps(line).encode() + b"\n"
            while rest:
                rest = rest[file.write(rest) :]
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> ValueError:
        return ValueError(f"{self.path} cannot be kept: {error.strerror}")


def _difference(name: str, there: Any, here: Any) -> str:
    """Return what two audits differ in; of a field that is sent, its name alone."""
    if not isinstance(here, dict):
        return f"{name} is {there!r} there and {here!r} here"
    there = there if isinstance(there, dict) else {}
    differing = sorted(field for field in {*there, *here} if there.get(field) != here.get(field))
    verb = "is" if len(differing) == 1 else "are"
    return f"{', '.join(differing)} of its {name} {verb} not the same"


def evidence_of(response: dict[str, Any]) -> dict[str, Any]:
    """Return the lists and draws of a response alone: a server may echo anything in the rest."""
    kept: dict[str, Any] = {}
    if (form := form_of(response)) is not None:
        kept |= _evidence_of_form(response, form)
    else:
        kept["choices"] = [{"logprobs": _logprobs(choice)} for choice in response["choices"]]
    usage = response.get("usage")
    if isinstance(usage, Mapping):
        kept["usage"] = _only(usage, "prompt_tokens", "completion_tokens")
    if settings := sampler_settings(settings_in(response)):
        kept["generation_settings"] = settings
    return kept


def _evidence_of_form(response: dict[str, Any], form: AnswerForm) -> dict[str, Any]:
    """Return the lists and draws of another interface's answer, in the form of llama-server's."""
    entries = form.entries(response)
    if entries is None:
        return {"choices": [{"logprobs": None}]}
    drawn = {"tokens_predicted": form.drawn(response)}
    return {"completion_probabilities": _entries(entries), **drawn}


def _logprobs(choice: Mapping[str, Any]) -> dict[str, Any] | None:
    found = choice.get("logprobs")
    if found is None:
        return None
    lists = {name: _entries(entries) for name, entries in entry_lists(found).items()}
    if "content" in found:
        lists.setdefault("content", [])  # null
    return lists | _only(found, "tokens", "token_logprobs", "top_logprobs")


def _entries(entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        _only(entry, *_OF_TOKEN) | {"top_logprobs": _listed(entry)}
        for entry in with_logprobs(entries)
    ]


def _listed(entry: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    items = entry.get("top_logprobs")
    return None if items is None else [_only(item, *_OF_TOKEN) for item in items]


def _only(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}
