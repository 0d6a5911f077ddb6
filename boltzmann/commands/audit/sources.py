"""Where the draws of an audit come from: a file, or a live server."""

import contextlib
import ipaddress
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tqdm import tqdm

from boltzmann.commands.audit.advice import Audited
from boltzmann.commands.audit.rounds import hottest_prompts, looks, may_hold, request_of_round
from boltzmann.thermometer.io import client
from boltzmann.thermometer.io.answer_checks import AnswerChecks, UnusableAnswersError
from boltzmann.thermometer.io.journal import Journal
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.saved_draws import SavedDraws, load_draws
from boltzmann.thermometer.io.server_settings import ServerSettings, in_words, sampler_settings
from boltzmann.thermometer.stopping import Stop, StoppingRule

Ask = Callable[[AuditRequest, int], None]  # until the journal holds so many draws


class Obtained(NamedTuple):
    """Draws, lines of the report by name, the verdict where draws stopped for it, and of whom."""

    draws: SavedDraws
    lines: dict[str, str]
    stop: Stop | None = None
    audited: Audited = Audited()


_NOT_TOLD = "; lists had too few tokens in common to tell (say --logprobs raw or tempered)"


@dataclass(frozen=True)
class SavedFile:
    """A file of JSON lines; see `boltzmann.thermometer.load_draws`."""

    path: str

    def obtain(self, scale: float | None, _: StoppingRule | None) -> Obtained:
        """Return its draws, and lines of the report by name."""
        draws = load_draws(self.path, scale)
        lines = {"file": self.path, "logprobs": _in_words(draws), **_omissions(draws)}
        return Obtained(draws, lines)


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
        How many tokens are drawn at the most, with those that are in the journal.
    path : str
        The journal.
    fixed : bool
        Whether all are drawn, and judged once.
    """

    request: AuditRequest
    settings: client.ClientSettings
    draws: int
    path: str
    fixed: bool = False

    def obtain(self, scale: float | None, rule: StoppingRule | None) -> Obtained:
        """Ask for draws that the journal lacks; return all, and lines of the report by name."""
        with contextlib.closing(Journal(self.path, self.request.summary())) as journal:
            return self._obtain(journal, scale, rule)

    def _obtain(self, journal: Journal, scale: float | None, rule: StoppingRule | None) -> Obtained:
        if journal.scale is None:
            journal.scale = scale
        before = journal.draws
        self._warn_of_clear_text()
        if self.fixed or rule is None:
            stop = self._collect(journal, lambda ask: ask(self.request, self.draws))
        else:
            stop = self._collect(journal, lambda ask: self._ask_in_rounds(journal, rule, ask))

        draws = journal.saved_draws(scale)
        if not draws.settings and journal.said and journal.said.defaults:
            draws = replace(draws, settings=[self._settings_expected(journal.said)])
        model = f", model {self.request.model}" if self.request.model else ""
        asked = f"{journal.draws - before} draws asked"
        resumed = f", {before} were there" if before else ""
        lines = {
            "server": f"{self.request.endpoint}{model}",
            **_said(journal.said, self.request),
            "kept": f"{self.path}: {asked}{resumed}",
            "stopped": self._why_stopped(stop, journal.draws, rule),
            "logprobs": _in_words(draws) + ("" if journal.scale_told else _NOT_TOLD),
            **_omissions(draws),
        }
        engine = journal.said.engine if journal.said else ""
        return Obtained(draws, lines, stop, Audited(self.request.body(0), engine))

    def _ask_in_rounds(self, journal: Journal, rule: StoppingRule, ask: Ask) -> Stop:
        """Ask until the rule says that what is claimed is known, or no more may be asked."""
        step = self.settings.concurrency * self.request.tokens
        hot: tuple[str, ...] = ()
        for number, target in looks(journal.draws, step, self.draws):
            # Requests that are under way when there are enough draws are answered as well.
            under_way = 0 if target == self.draws else step - self.request.tokens
            request = request_of_round(self.request, journal, hot, self.settings.concurrency)
            ask(request, target - under_way)
            last = journal.draws >= self.draws
            draws = journal.saved_draws(journal.scale)
            if not (last or draws.readable):
                continue
            reading = draws.read()
            look = rule.look(
                reading,
                number,
                last=last,
                may_hold=may_hold(self.request, draws),
                after_truncation=draws.end_at_truncation or draws.scale != 1,
            )
            if look.stop is not None:
                return look.stop
            # Until the claim is refuted; what tells faults apart is how they act on other lists.
            hot = () if look.refuted else hottest_prompts(self.request.claim, draws, reading)
        raise AssertionError  # the last look ends it

    def _why_stopped(self, stop: Stop | None, draws: int, rule: StoppingRule | None) -> str:
        """Return why no more draws were asked."""
        if stop is None or rule is None or stop.reason == "no more draws":
            return f"all of {self.draws} draws were asked"
        off = f"{100 * rule.resolution:g} %" if rule.claim.temperature else f"{rule.resolution:g}"
        why = {
            "refuted": "the claim is refuted",
            "cleared": f"temperatures off by {off} are refuted",
        }[stop.reason]
        return f"after {draws} of at most {self.draws} draws: {why}"

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

    def _collect(self, journal: Journal, work: Callable[[Ask], Stop | None]) -> Stop | None:
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

        checks = AnswerChecks(self.request.endpoint, self.request.listed)

        def ask(request: AuditRequest, draws: int) -> None:
            client.collect(request, journal, draws, self.settings, progress, checks)

        try:
            with bar:  # closed before anything else is printed
                return work(ask)
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
