"""Where the draws of an audit come from: a file, or a live server."""

import contextlib
import ipaddress
import sys
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from tqdm import tqdm

from boltzmann.thermometer.io import client
from boltzmann.thermometer.io.answer_checks import UnusableAnswersError
from boltzmann.thermometer.io.journal import Journal
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.saved_draws import SavedDraws, load_draws
from boltzmann.thermometer.io.server_settings import ServerSettings, in_words, sampler_settings

_NOT_TOLD = "; lists had too few tokens in common to tell (say --logprobs raw or tempered)"


@dataclass(frozen=True)
class SavedFile:
    """A file of JSON lines; see `boltzmann.thermometer.load_draws`."""

    path: str

    def obtain(self, scale: float | None) -> tuple[SavedDraws, dict[str, str]]:
        """Return its draws, and lines of the report by name."""
        draws = load_draws(self.path, scale)
        return draws, {"file": self.path, "logprobs": _in_words(draws), **_omissions(draws)}


@dataclass(frozen=True)
class Server:
    """A live server.

    Attributes
    ----------
    request : AuditRequest
        What is asked of which server.
    settings : ClientSettings
        How it is asked.
    draws : int
        How many tokens are drawn, with those that are in the journal.
    path : str
        The journal.
    """

    request: AuditRequest
    settings: client.ClientSettings
    draws: int
    path: str

    def obtain(self, scale: float | None) -> tuple[SavedDraws, dict[str, str]]:
        """Ask for the draws that the journal lacks; return all, and lines of the report by name."""
        journal = Journal(self.path, self.request.summary())
        if journal.scale is None:
            journal.scale = scale
        before = journal.draws
        self._warn_of_clear_text()
        self._collect(journal)

        draws = journal.saved_draws(scale)
        if not draws.settings and journal.said and journal.said.defaults:
            draws = replace(draws, settings=[self._settings_expected(journal.said)])
        model = f", model {self.request.model}" if self.request.model else ""
        asked = f"{journal.draws - before} draws asked"
        resumed = f", {before} were there" if before else ""
        return draws, {
            "server": f"{self.request.endpoint}{model}",
            **_said(journal.said, self.request),
            "kept": f"{self.path}: {asked}{resumed}",
            "logprobs": _in_words(draws) + ("" if journal.scale_told else _NOT_TOLD),
            **_omissions(draws),
        }

    def _settings_expected(self, said: ServerSettings) -> dict[str, Any]:
        """Return the settings that are in force if a request replaces the defaults it names."""
        return sampler_settings(said.defaults | self.request.body(0))

    def _warn_of_clear_text(self) -> None:
        """Warn before an API key leaves this machine unencrypted."""
        parts = urlsplit(self.request.url)
        host = str(parts.hostname)
        if self.settings.key and parts.scheme == "http" and not _is_local(host):
            print(
                f"boltzmann audit: the key goes to {host} over http, where others can read it",
                file=sys.stderr,
            )

    def _collect(self, journal: Journal) -> None:
        """Ask, under a progress bar; whatever ends it, say how to resume."""
        bar = tqdm(
            total=self.draws,
            initial=min(journal.draws, self.draws),
            unit="draw",
            disable=None,
            leave=False,
        )

        def progress(draws: int) -> None:
            bar.update(min(draws, self.draws) - bar.n)

        try:
            with bar:  # closed before anything else is printed
                client.collect(self.request, journal, self.draws, self.settings, progress)
        except UnusableAnswersError:
            raise
        except BaseException:
            if journal.draws:
                print(
                    f"{journal.draws} draws are kept: --keep {self.path} goes on from them",
                    file=sys.stderr,
                )
            raise


def _said(said: ServerSettings | None, request: AuditRequest) -> dict[str, str]:
    """Return what the server says of itself, and of requests that name no setting."""
    if said is None:
        return {}
    parts = [said.engine, f"model {said.model}" if said.model else ""]
    if said.defaults:
        parts.append(f"by default {in_words(said.defaults)}")
    if off := [name for name in said.fields_off if name not in request.fields]:
        names = ", ".join(off)
        if request.api == "llama":
            parts.append(f"switched off for this audit: {names}")
        else:
            parts.append(f"not switched off by this interface: {names}")
    if said.most_listed is not None:
        parts.append(f"lists {said.most_listed} tokens at most")
    lines = "; ".join(part for part in parts if part)
    return {"says": lines} if lines else {}


def _is_local(host: str) -> bool:
    """Tell whether what is sent to a host stays on this machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _in_words(draws: SavedDraws) -> str:
    """Return what log-probabilities were taken for."""
    words = "taken as before the temperature"
    if draws.scale != 1:
        words = f"after the temperature: multiplied back by {draws.scale:.4g}"
    if draws.logits:
        words += "; above 0, so taken for logits, which do not tell what a top-p leaves"
    return words


def _omissions(draws: SavedDraws) -> dict[str, str]:
    """Return what was left out of the draws, how often, and each with an example."""
    counted = [("answer", reason, found) for reason, found in draws.skipped.items()]
    counted += [("token", reason, found) for reason, found in draws.left_out.items()]
    left_out = [
        f"{found.number} {kind}{'s' if found.number > 1 else ''} {reason} ({found.example})"
        for kind, reason, found in counted
    ]
    contradictions = [
        f"{number} {reason} ({example})"
        for reason, (number, example) in draws.contradictions.items()
    ]
    lines = {"left out": left_out, "contradictory": contradictions}
    return {name: "; ".join(parts) for name, parts in lines.items() if parts}
