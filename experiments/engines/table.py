"""Make docs/engines.md: `python experiments/engines/table.py`; `--check` compares."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[0] = str(FOLDER.parent.parent)  # not this folder, where scripts are called as engines are

import json  # noqa: E402
from typing import Any  # noqa: E402

from experiments.engines import questions  # noqa: E402

PAGE = FOLDER.parent.parent / "docs" / "engines.md"
PARTS = {
    "At the edges": (
        "zero",
        "zero_ties",
        "tiny",
        "floor",
        "subnormal",
        "hot",
        "infinite",
        "negative",
    ),
    "What acts unasked": ("defaults", "temperature_alone", "unasked"),
    "Order and ties": ("order", "nucleus", "min_p_order", "ties_top_k", "ties_top_p"),
    "Log-probabilities and the far tail": ("logprob", "tail"),
    "Seeds": ("seed_repeats", "seed_absent", "seed_processes", "batch_seeded", "batch_unseeded"),
    "The thermometer": ("reading_0.3", "reading_0.7", "reading_1", "reading_1.5"),
}
BEGIN = """# What inference engines do with a temperature

Each engine that installs on a CPU was given a model whose logits are known, and was asked the same
questions. What came is in the result files, from which `experiments/engines/table.py` makes this
page. Under each table is said how its answers are computed; `experiments/engines/README.md` says
how to ask an engine again. An error is an answer, in the engine's words. Where there is no answer,
¹, ², … say why.
"""


def results() -> dict[str, dict[str, Any]]:
    """Return the result files by name, the control first."""
    files = sorted(
        (FOLDER / "results").glob("*.json"), key=lambda path: (path.stem != "ours", path.stem)
    )
    return {path.stem: json.loads(path.read_text()) for path in files}


def page(found: dict[str, dict[str, Any]]) -> str:
    """Return the page."""
    parts = [BEGIN, _engines(found)]
    parts += [_part(title, keys, found) for title, keys in PARTS.items()]
    parts.append(_also(found))
    return "\n".join(parts)


def _engines(found: dict[str, dict[str, Any]]) -> str:
    lines = ["| engine | versions | asked on |", "|---|---|---|"]
    for result in found.values():
        versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
        lines.append(f"| {result['engine']} | {versions or '–'} | {result['date']} |")
    return "\n".join([*lines, ""])


def _part(title: str, keys: tuple[str, ...], found: dict[str, dict[str, Any]]) -> str:
    """Return one table: an engine a row, the reasons of empty cells, and what was asked."""
    asked = [questions.QUESTIONS[key] for key in keys]
    lines = [
        f"## {title}",
        "",
        f"| engine | {' | '.join(q.title for q in asked)} |",
        "|---" * (len(asked) + 1) + "|",
    ]
    reasons: list[str] = []

    for result in found.values():
        cells = [_cell(result["answers"].get(key), reasons) for key in keys]
        lines.append(f"| {result['engine']} | {' | '.join(cells)} |")
    lines += [
        "",
        *(f"{_mark(number)} {reason}  " for number, reason in enumerate(reasons, start=1)),
    ]
    lines += [""] * bool(reasons)
    lines += [f"* *{question.title}*: {question.asked}." for question in asked]

    return "\n".join([*lines, ""])


def _cell(answer: dict[str, Any] | None, reasons: list[str]) -> str:
    if answer is None:
        raise ValueError("a result file lacks a question")
    if answer["value"] is not None:
        return str(answer["value"]).replace("|", "\\|").replace("\n", " ")
    if answer["reason"] not in reasons:
        reasons.append(answer["reason"])
    return _mark(1 + reasons.index(answer["reason"]))


def _mark(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _also(found: dict[str, dict[str, Any]]) -> str:
    lines = ["## Asked of one engine alone", "", "| engine | asked | answer |", "|---|---|---|"]
    for result in found.values():
        for key, answer in result["answers"].items():
            if key.startswith("also_"):
                value = (
                    answer["value"] if answer["value"] is not None else f"none: {answer['reason']}"
                )
                question = answer.get("observed", {}).get("asked", key)
                lines.append(f"| {result['engine']} | {question} | {value} |".replace("\n", " "))
    return "\n".join([*lines, ""])


def main() -> int:
    """Write the page, or with --check tell whether it is the one that the result files make."""
    made = page(results())
    if "--check" in sys.argv[1:]:
        return int(made != PAGE.read_text())
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
