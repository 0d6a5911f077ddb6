"""Formulas of a lesson, which it writes in plain characters, as LaTeX for notebooks and pages.

A formula is what reads like one: single letters, Greek, numbers, functions and signs, in a row,
among them a letter and a sign. Words end it, except in the brackets of a function. Code between
backticks stays as it is.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

_FUNCTIONS = {
    "exp": r"\exp",
    "ln": r"\ln",
    "log": r"\log",
    "cos": r"\cos",
    "tanh": r"\tanh",
    "min": r"\min",
    "max": r"\max",
    "softmax": r"\operatorname{softmax}",
    "Var": r"\operatorname{Var}",
}
_PRODUCTS = {"kT", "mgh", "mgH", "dS", "dt", "dU", "dQ", "nC", "ws"}
_GREEK = {
    "β": "beta",
    "λ": "lambda",
    "π": "pi",
    "σ": "sigma",
    "τ": "tau",
    "θ": "theta",
    "χ": "chi",
    "Δ": "Delta",
    "Ω": "Omega",
}
_SIGNS = {
    "−": "-",
    "·": r"\cdot ",
    "×": r"\times ",
    "±": r"\pm ",
    "≤": r"\leq ",
    "≥": r"\geq ",
    "≈": r"\approx ",
    "∝": r"\propto ",
    "→": r"\to ",
    "∞": r"\infty ",
    "∂": r"\partial ",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "…": r"\ldots ",
    "|": r"\mid ",
    "Σ": r"\sum ",
    "∏": r"\prod ",
    "Π": r"\prod ",
}
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<word>[A-Za-z]{2,}_[A-Za-z]+|[A-Za-z]+(?:-[A-Za-z]{2,})+|[A-Za-z]{2,}(?:-[A-Za-z]+)*)
    |(?P<number>\d+(?:[.,]\d+)*(?:e-?\d+)?)
    |(?P<index>[_^](?:\{[^{}]*\}|[A-Za-z0-9]+|∞))
    |(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)|(?P<lowered>[₀₁₂₃₄₅₆₇₈₉]+)
    |(?P<letter>[A-Za-z]'(?![a-z])|[A-Za-z]|[βλπσχτθΔΩ])
    |(?P<root>√)|(?P<power>\^)
    |(?P<relation>[=<>≤≥≈∝→])|(?P<sign>[-+−·×±/])
    |(?P<prefix>[Σ∏Π∂])|(?P<value>[∞…])
    |(?P<open>[(⟨])|(?P<close>[)⟩])|(?P<bar>\|)|(?P<comma>,)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ARTICLES = {"a", "A", "I"}
_NEVER_FIRST = {
    *("space", "relation", "comma", "close", "bar"),
    *("raised", "lowered", "index", "power"),
}


@dataclass(frozen=True)
class Token:
    """A piece of text, and what kind of piece it is."""

    kind: str
    text: str


def with_formulas(text: str) -> str:
    r"""Return a paragraph with its formulas between dollar signs.

    Examples
    --------
    >>> print(with_formulas("The law is softmax(log p / t): at t = 0.5 each p² counts."))
    The law is $\operatorname{softmax}(\log p / t)$: at $t = 0.5$ each $p^{2}$ counts.
    """
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece[:1] == "`" else _converted(piece) for piece in pieces)


def displayed(text: str) -> str | None:
    """Return a formula that has a paragraph of its own as LaTeX, or None if it is none."""
    tokens = _tokens(text.strip().rstrip(",."))
    if any(token.kind in ("word", "other") and not _known(token) for token in tokens):
        return None
    return f"$${_latex(tokens)}$$"


def _tokens(text: str) -> list[Token]:
    return [Token(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(text)]


def _known(token: Token) -> bool:
    return token.text in _FUNCTIONS or token.text in _PRODUCTS


def _converted(text: str) -> str:
    tokens, made, start = _tokens(text), "", 0
    while start < len(tokens):
        end = _end(tokens, start)
        run = _trimmed(tokens[start:end])
        if run and _is_formula(run):
            made += f"${_latex(run)}$"
            start += len(run)
        else:
            made += tokens[start].text
            start += 1
    return made


def _end(tokens: list[Token], start: int) -> int:
    """Return where the longest row of tokens ends that may be a formula."""
    calls: list[bool] = []  # for each open bracket, whether a function has it
    for place in range(start, len(tokens)):
        token = tokens[place]
        before = tokens[place - 1] if place > start else None
        if token.kind == "other":
            return place
        if token.kind == "word" and not _known(token) and not any(calls):
            return place
        if token.kind in ("comma", "bar") and not calls:
            return place
        if token.kind == "open":
            calls.append(before is not None and before.text in _FUNCTIONS)
        if token.kind == "close":
            if not calls:
                return place
            calls.pop()
        if not calls and _begins_words(tokens, start, place):
            return place
    return len(tokens)


def _begins_words(tokens: list[Token], start: int, place: int) -> bool:
    """Tell whether a token after a blank belongs to the text: an article, a unit, a number."""
    token = tokens[place]
    if token.text in _ARTICLES:
        around = tokens[max(0, place - 2) : place] + tokens[place + 1 : place + 3]
        counted = any(one.kind == "relation" or one.text in "+·×/" for one in around)
        after = tokens[place + 1 : place + 2]
        return not counted and bool(after) and after[0].kind == "space"
    if place - 2 < start or tokens[place - 1].kind != "space":
        return False
    before = tokens[place - 2]
    if token.kind == "letter" and token.text[0].isascii():
        return before.kind == "number" or before.text == "∞"
    return token.kind == "number" and before.kind in ("close", "letter", "index", "raised", "value")


def _trimmed(run: list[Token]) -> list[Token]:
    """Return the longest beginning of a row that may stand alone: closed, without a last sign."""
    if not run or run[0].kind in _NEVER_FIRST or run[0].text in ("/", "·", "×", "+", "±"):
        return []
    depth, best = 0, 0
    for place, token in enumerate(run, start=1):
        depth += (token.kind == "open") - (token.kind == "close")
        whole = token.kind in ("number", "letter", "index", "raised", "lowered", "close", "value")
        if depth == 0 and (whole or token.text in _PRODUCTS):
            best = place
    return run[:best]


def _is_formula(run: list[Token]) -> bool:
    kinds = {token.kind for token in run}
    signs = {"relation", "sign", "index", "raised", "lowered", "prefix", "root"}
    named = kinds & {"letter", "root"} or any(map(_known, run))
    called = any(token.text in _FUNCTIONS for token in run) and len(run) > 1
    bracketed = any(one.kind == "letter" and other.kind == "open" for one, other in pairwise(run))
    return bool(named) and (bool(kinds & signs) or called or bracketed or run[0].text == "⟨")


def _latex(tokens: list[Token]) -> str:
    made, place = "", 0
    while place < len(tokens):
        token = tokens[place]
        if token.kind in ("root", "power"):
            inside, place = _argument(tokens, place + 1)
            made += rf"\sqrt{{{inside}}}" if token.kind == "root" else f"^{{{inside}}}"
            continue
        made += _of_one(token)
        place += 1
    return " ".join(made.split())


def _argument(tokens: list[Token], place: int) -> tuple[str, int]:
    """Return what a root or a power applies to, without its brackets, and where it ends."""
    if place >= len(tokens):
        return "", place
    if tokens[place].text != "(":
        return _of_one(tokens[place]), place + 1
    depth = 0
    for end in range(place, len(tokens)):
        depth += (tokens[end].kind == "open") - (tokens[end].kind == "close")
        if depth == 0:
            return _latex(tokens[place + 1 : end]), end + 1
    return _latex(tokens[place:]), len(tokens)


def _of_one(token: Token) -> str:
    text = token.text
    match token.kind:
        case "word" if text in _FUNCTIONS:
            return _FUNCTIONS[text]
        case "word" if text not in _PRODUCTS:
            return rf"\mathrm{{{text}}}".replace("_", r"\_")
        case "number":
            return _number(text)
        case "index":
            inside = text[1:].strip("{}")
            return f"{text[0]}{{{_latex(_tokens(inside)) if text[1] == '{' else inside}}}"
        case "raised":
            return f"^{{{''.join(map(_RAISED.__getitem__, text))}}}"
        case "lowered":
            return f"_{{{''.join(map(_LOWERED.__getitem__, text))}}}"
        case "letter" if text in _GREEK:
            return rf"\{_GREEK[text]} "
    return _SIGNS.get(text, text)


def _number(text: str) -> str:
    mantissa, _, exponent = text.replace(",", "{,}").partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{exponent}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"
