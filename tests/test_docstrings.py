"""Docstrings of public names are complete, true to the signatures, and readable as numpydoc."""

import inspect
import re
import tomllib
from pathlib import Path
from pkgutil import resolve_name

import pytest

import boltzmann as bz

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
MODULES = [bz, *(module for name in bz.__all__ if inspect.ismodule(module := getattr(bz, name)))]


def public():
    """Return every public class, function and method by its dotted name."""
    found = {}
    for module in MODULES:
        own = getattr(
            module, "__all__", [n for n, v in vars(module).items() if _is_declared(v, module)]
        )
        for name in own:
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                found[f"{module.__name__}.{name}"] = value
            if inspect.isclass(value):
                found |= {f"{module.__name__}.{name}.{n}": m for n, m in _methods(value)}
    return found


def _is_declared(value, module):
    return getattr(value, "__module__", None) == module.__name__ and not value.__name__.startswith(
        "_"
    )


def _methods(cls):
    return [
        (n, getattr(cls, n))
        for n in vars(cls)
        if n[0] != "_" and inspect.isroutine(getattr(cls, n))
    ]


def sections(docstring):
    """Return what comes before the first heading, and the sections by heading."""
    head, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", docstring, flags=re.MULTILINE)
    return head, dict(zip(rest[::2], rest[1::2], strict=True))


def listed(section):
    """Return the names that a section describes: `a, b : type` are two."""
    lines = [line.split(" : ")[0] for line in section.splitlines() if re.match(r"\S", line)]
    return [name.strip().lstrip("*") for line in lines for name in line.split(",")]


def complaints(value):
    """Return what is missing from a docstring, or wrong in it."""
    docstring = inspect.getdoc(value) or ""
    head, parts = sections(docstring)
    taken = [name for name in _parameters(value) if name not in ("self", "cls")]
    wrong = []

    if "\n" in head.split("\n\n")[0].rstrip("\n") or not head.split("\n\n")[0].rstrip().endswith(
        (".", ":")
    ):
        wrong.append("its first paragraph is not one sentence in one line")

    if "Parameters" in parts and listed(parts["Parameters"]) != taken:
        wrong.append(f"it describes {listed(parts['Parameters'])} and takes {taken}")
    if inspect.isclass(value):
        strangers = [name for name in listed(parts.get("Attributes", "")) if not _has(value, name)]
        wrong += [f"it has no attribute {name}" for name in strangers]
    elif "Parameters" not in parts and "arguments are those of" not in docstring:
        wrong += [
            f"it does not mention {name}"
            for name in taken
            if not re.search(rf"\b{name}\b", docstring)
        ]

    wrong += [
        f"it does not say what {line} is, nor where that is said"
        for line, said in re.findall(
            r"^(\w.*)\n(?: +(.*))?", parts.get("Parameters", ""), re.MULTILINE
        )
        if " : " not in line and not line.startswith("*") and not said.startswith("As in ")
    ]
    if (
        inspect.isfunction(value)
        and "Raises" not in parts
        and re.search(r"\braise |\bas_\w+\(", _code(value))
    ):
        wrong.append("it does not say what it raises")

    if docstring.count("{") != docstring.count("}"):
        wrong.append("its braces do not pair")
    return wrong


def _has(cls, name):
    assigned = re.search(rf"self\.{name}\b.* = ", inspect.getsource(cls))
    return hasattr(cls, name) or name in inspect.get_annotations(cls) or assigned


def _parameters(value):
    """Return the names of the parameters; those of an exception have none."""
    return (
        []
        if inspect.isclass(value) and issubclass(value, BaseException)
        else inspect.signature(value).parameters
    )


def _code(function):
    """Return the source of a function without its docstring."""
    return inspect.getsource(function).replace(function.__doc__ or "", "")


@pytest.mark.parametrize("name", public())
def test_a_docstring_says_what_its_signature_says(name):
    assert complaints(public()[name]) == []


def test_every_public_function_has_an_example():
    functions = {name: value for name, value in public().items() if inspect.isfunction(value)}
    without = [
        n for n, v in functions.items() if ">>> " not in v.__doc__ and v.__qualname__ == v.__name__
    ]
    assert without == []


def test_every_public_function_and_class_says_what_to_see_also():
    named = {name: see_also(value) for name, value in public().items()}
    methods = {name for name in named if inspect.isclass(resolve_name(name.rpartition(".")[0]))}
    assert [name for name in named if name not in methods and not named[name]] == []


def test_what_a_docstring_refers_to_is_public():
    known = set(public())
    for name, value in public().items():
        module = next(m.__name__ for m in reversed(MODULES) if name.startswith(f"{m.__name__}."))
        for other in see_also(value):
            assert {other, f"{module}.{other}"} & known, f"{name}: {other}"


def see_also(value):
    """Return the names under See Also."""
    _, parts = sections(inspect.getdoc(value) or "")
    return listed(parts.get("See Also", ""))


def numpydoc_errors(value):
    """Return what numpydoc's validator finds, by the checks that pyproject.toml leaves on."""
    numpydoc = pytest.importorskip("numpydoc.validate")
    settings = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["numpydoc_validation"]
    first, *off = settings["checks"]
    assert first == "all" and set(off) < set(numpydoc.ERROR_MSGS)
    found = numpydoc.validate(numpydoc.get_doc_object(value))["errors"]
    return [f"{code}: {text}" for code, text in found if code not in off]


@pytest.mark.parametrize("name", public())
def test_numpydoc_finds_no_error(name):
    assert numpydoc_errors(public()[name]) == []


def good(a, b=1):
    """Return the sum.

    Parameters
    ----------
    a, b : int
        Numbers.
    """


def unlisted(a, b=1):
    """Return the sum.

    Parameters
    ----------
    a : int
        A number.
    """


def untyped(a):
    """Return it.

    Parameters
    ----------
    a
        A number.
    """


def silent(a):
    """Return it."""


def wordy(a):
    """Return `a`,
    as it is."""


def unpaired(a):
    r"""Return `a`: \frac{1}{2."""


def throws(a):
    """Return `a`."""
    raise ValueError(a)


@pytest.mark.parametrize(
    ("function", "count"),
    [(good, 0), (unlisted, 1), (untyped, 1), (silent, 1), (wordy, 1), (unpaired, 1), (throws, 1)],
)
def test_the_check_sees_each_fault(function, count):
    assert len(complaints(function)) == count


def returns(a):
    """Give `a` back."""
    return a


@pytest.mark.parametrize(("function", "code"), [(returns, "RT01"), (wordy, "SS06")])
def test_numpydoc_sees_faults(function, code):
    assert any(error.startswith(code) for error in numpydoc_errors(function))
