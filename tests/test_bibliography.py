"""Every source that a docstring names is in paper.bib and in bibliography.md, and both agree."""

import ast
import re
import unicodedata
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAPER, TABLE, BIBTEX = (
    (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("paper.md", "bibliography.md", "paper.bib")
)
ENTRIES = {
    key: dict(re.findall(r"(\w+) = \{((?:[^{}]|\{[^{}]*\})*)\}", fields))
    for key, fields in re.findall(
        r"^@\w+\{([^,]+),\n(.*?)^\}", BIBTEX, flags=re.MULTILINE | re.DOTALL
    )
}


def named():
    """Return (dotted name, source) for every numbered source of a docstring."""
    found = []
    for path in [
        *sorted((ROOT / "boltzmann").rglob("*.py")),
        *sorted((ROOT / "experiments").rglob("*.py")),
    ]:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found += _named_in(ast.parse(path.read_text(encoding="utf-8")), module)
    return found


def _named_in(node, where):
    text = ast.get_docstring(node) or ""
    references = re.findall(r"^(?:\.\. )?\[\d+\] (.+(?:\n {2,}.+)*)", text, flags=re.MULTILINE)
    found = [
        (where, source)
        for reference in references
        for source in re.split(r"(?<=\)); (?=[A-Z]\.)", reference)
    ]
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            found += _named_in(child, f"{where}.{child.name}")
    return found


def key_of(source):
    """Return the key of a source: arXiv's number, first author and year, or a program's name."""
    if number := re.match(r"arXiv:(\S+)", source):
        return next(
            (key for key, entry in ENTRIES.items() if entry.get("eprint") == number[1]), None
        )
    first = re.split(r",| and | et al\.", source)[0].split()
    years = re.findall(r"\((\d{4})\)", source) or re.findall(r"\b(?:19|20)\d\d\b", source)
    return _plain(first[-1] + years[-1] if years else first[0])


def _plain(text):
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def disagreements(source):
    """Return how a source as a docstring names it differs from its entry."""
    entry = ENTRIES.get(key_of(source))
    if entry is None:
        return [f"no entry {key_of(source)!r}"]
    place = re.search(r" (\d+), (\d+) \(\d{4}\)", source)
    there = (entry.get("volume"), re.match(r"\d*", entry.get("pages", ""))[0])
    return (
        [f"{place.groups()} is {there} in its entry"] if place and place.groups() != there else []
    )


def rows():
    """Return (names of the code, links and texts of the sources) for each row of the table."""
    cells = [
        line.split(" | ") for line in TABLE.splitlines() if line.startswith("| ") and "`" in line
    ]
    return [(re.findall(r"`([\w.]+)`", where), source) for _, where, source in cells]


def shown(key):
    """Return how the table shows a source."""
    entry = ENTRIES[key]
    label = (
        f"{entry['author'].split(',')[0]} {entry['year']}" if "year" in entry else entry["title"]
    )
    if link := ("https://doi.org/" + entry["doi"]) if "doi" in entry else entry.get("url"):
        return f"[{label}]({link})"
    return f"{label} (ISBN {entry['isbn']})" if "isbn" in entry else label


@pytest.mark.parametrize("source", sorted({source for _, source in named()}))
def test_every_source_that_a_docstring_names_has_its_entry(source):
    assert disagreements(source) == []


@pytest.mark.parametrize(("where", "source"), sorted(set(named())))
def test_every_source_of_a_docstring_is_in_the_table(where, source):
    assert any(where in names and shown(key_of(source)) in cell for names, cell in rows())


def test_what_the_table_names_exists():
    for names, cell in rows():
        for name in names:
            assert resolve_name(name), name
        assert set(cell.removesuffix(" |").split(", ")) <= {shown(key) for key in ENTRIES}, cell


def test_every_entry_is_cited():
    cited = set(re.findall(r"@([\w.-]*\w)", PAPER))
    assert cited <= ENTRIES.keys()
    assert [
        key
        for key in ENTRIES
        if key not in cited and not any(shown(key) in cell for _, cell in rows())
    ] == []


def test_dois_have_the_form_of_dois():
    dois = [entry["doi"] for entry in ENTRIES.values() if "doi" in entry]
    assert len(dois) > 40 and len(set(dois)) == len(dois)
    assert [doi for doi in dois if not re.fullmatch(r"10\.\d{4,5}/\S+", doi)] == []
    preprints = [entry for entry in ENTRIES.values() if "eprint" in entry]
    assert [
        entry for entry in preprints if entry["doi"] != f"10.48550/arXiv.{entry['eprint']}"
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "Q. Nobody, J. Chem. Phys. 21, 1087 (1953).",
        "N. Metropolis et al., J. Chem. Phys. 21, 1087 (1954).",
        "N. Metropolis et al., J. Chem. Phys. 22, 1087 (1953).",
        "N. Metropolis et al., J. Chem. Phys. 21, 1078 (1953).",
        "arXiv:0000.00000 (2026).",
        "torch 2.13, nn/functional.py.",
    ],
)
def test_a_source_without_its_entry_is_seen(source):
    assert disagreements(source) != []
