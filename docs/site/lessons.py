"""The pages of the lessons: the text of each notebook, with the figure, and the code behind it."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURE_BEFORE = "## The misconception"


def lesson_pages() -> dict[str, str]:
    """Return the Markdown of each lesson by its place, in the order of the course."""
    course = (ROOT / "experiments" / "README.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| \[(\w+)\]\([\w/]+\.py\)", course, flags=re.MULTILINE)
    return {f"experiments/{name}.md": _lesson(name) for name in names}


def _lesson(name: str) -> str:
    """Return the Markdown of a lesson."""
    notebook = ROOT / "experiments" / "notebooks" / f"{name}.ipynb"
    code = _code(name)
    if notebook.exists():
        text = _text(json.loads(notebook.read_text(encoding="utf-8"))["cells"])
        shown = f"![What is seen](../figures/{name}.svg)"
    else:  # an experiment that makes a page
        text = _docstring(code)
        shown = f"[Open the page](../figures/{name}.html)"
    text = text.replace(FIGURE_BEFORE, f"{shown}\n\n{FIGURE_BEFORE}", 1)
    body = code[code.index('"""', 4) + 3 :].strip()
    return (
        f"{text}\n\n## The code\n\n<details><summary>experiments/{name}, below its lesson</summary>"
        f"\n\n```python\n{body}\n```\n\n</details>\n"
    )


def _text(cells: list[dict[str, object]]) -> str:
    """Return the text of a notebook, and the code of its exercises."""
    written, exercises = [], False
    for cell in cells:
        source = "".join(cell["source"])
        exercises = exercises or source.startswith("## Exercise")
        if cell["cell_type"] == "markdown":
            written.append(source)
        elif exercises and not re.fullmatch(r"# .*", source):  # no cell to write in
            written.append(f"```python\n{source}\n```")
    text = "\n\n".join(written).replace("](../", "](")  # a page stands one folder higher
    text = re.sub(r"^Made from .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^## Minutes\n\n(\d+)$", r"*\1 minutes*", text, flags=re.MULTILINE)


def _code(name: str) -> str:
    """Return the source of an experiment."""
    folder = ROOT / "experiments"
    path = next(p for p in (folder / f"{name}.py", folder / name / "__init__.py") if p.exists())
    return path.read_text(encoding="utf-8")


def _docstring(code: str) -> str:
    """Return a lesson's docstring as Markdown."""
    question, _, rest = (ast.get_docstring(ast.parse(code)) or "").partition("\n")
    headings = r"^([A-Z][\w ]{3,30})\.(?= |\n)"
    return f"# {question}\n" + re.sub(headings, r"## \1\n\n", rest, flags=re.MULTILINE)
