"""The sources of the site, made from the repository: its texts, the lessons, the reference.

Texts keep their places, so that their links to one another hold. What a link leads to is a page of
the site, or a file that is copied beside it; a link to code, which the site does not have, becomes
its text.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from course_map import course_map
from lessons import lesson_pages
from reference import reference_pages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

TEXTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-CC-BY-4.0.md",
    "boltzmann/data/tiny_gpt2/README.md",
    "boltzmann/simulation/kernels/README.md",
    "docs/bibliography.md",
    "docs/engines.md",
    "docs/nightly.md",
    "docs/stopping.md",
    "experiments/README.md",
    "experiments/engines/README.md",
    "figures/README.md",
)
COPIED = {".svg", ".png", ".gif", ".csv", ".ipynb", ".bib", ".cff"}
EXPLORER = "figures/explorer.html"
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_BLOCK = re.compile(r"(^```.*?^```$)", flags=re.MULTILINE | re.DOTALL)
_DATE = re.compile(r"(?<=\| )(20\d\d)-(\d\d)-(\d\d)(?= \|)")


def write_sources(folder: Path) -> None:
    """Write all that Sphinx reads into a folder."""
    lessons = lesson_pages()
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in TEXTS}
    texts["LICENSE.md"] = _licence()
    texts["experiments/README.md"] = course_map(texts["experiments/README.md"]) + _contents(
        PurePosixPath(name).stem for name in lessons
    )

    pages = {**texts, **lessons, "index.md": (HERE / "index.md").read_text(encoding="utf-8")}
    reference = reference_pages()
    for name, text in pages.items():
        _write(folder / name, linked(text, name, pages.keys() | reference.keys(), folder))
    for name, text in reference.items():
        _write(folder / name, text)

    for name in ("conf.py", "mathml.py"):
        shutil.copy(HERE / name, folder)
    _copy(HERE / "site.css", folder / "_static" / "site.css")
    _write(folder / "_extra" / EXPLORER, explorer(set(pages)))


def explorer(pages: set[str]) -> str:
    """Return the explorer, whose links lead to pages instead of to the repository's texts."""

    def turned(match: re.Match[str]) -> str:
        path, anchor = match.groups()
        page = _page(normpath(f"figures/{path}"), pages)
        return f'href="../{page.removesuffix(".md")}.html{anchor}"' if page else match[0]

    text = (ROOT / EXPLORER).read_text(encoding="utf-8")
    return re.sub(r'href="(\.\./[^"#]+)((?:#[^"]*)?)"', turned, text)


def _contents(names: Iterable[str]) -> str:
    listed = "\n".join(f"{name.replace('_', ' ')} <{name}>" for name in names)
    return f"\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"


def _licence() -> str:
    """Return the licence of the code as a page."""
    heading, _, terms = (ROOT / "LICENSE").read_text(encoding="utf-8").partition("\n")
    return f"# {heading}\n{terms}"


def linked(text: str, name: str, pages: set[str], folder: Path) -> str:
    """Return a text whose links lead to pages, or to files that are copied into the folder.

    Raises
    ------
    FileNotFoundError
        If a link leads nowhere.
    """

    def turned(match: re.Match[str]) -> str:
        image, label, target = match.groups()
        path, _, anchor = target.partition("#")
        if "://" in target or not path:
            return match[0]
        found = normpath(str(PurePosixPath(name).parent / path))
        page = _page(found, pages)

        if page:
            there = relpath(page, str(PurePosixPath(name).parent))
            return f"[{label}]({there}{'#' + anchor if anchor else ''})"
        if found == EXPLORER:
            there = relpath(EXPLORER, str(PurePosixPath(name).parent))
            return f'<a href="{there}{"#" + anchor if anchor else ""}">{label}</a>'
        if not (ROOT / found).exists():
            raise FileNotFoundError(f"{name}: {target}")
        if PurePosixPath(found).suffix not in COPIED:
            return label
        _copy(ROOT / found, folder / found)
        return f"{image}[{label}]({path})"

    return "".join(
        piece if piece.startswith("```") else _unbroken(_LINK.sub(turned, piece))
        for piece in _BLOCK.split(text)
    )


def _unbroken(text: str) -> str:
    """Return a text whose dates in cells of tables are kept on one line."""
    return _DATE.sub("\\1\u2011\\2\u2011\\3", text)


def _page(path: str, pages: set[str]) -> str | None:
    """Return the page that shows a file or a folder of the repository."""
    lesson = re.fullmatch(r"experiments/(\w+)(?:\.py|/__init__\.py)", path)
    shown = f"experiments/{lesson[1]}.md" if lesson else path
    places = (shown, f"{path}.md", f"{path}/README.md")
    return next((name for name in places if name in pages), None)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
