"""The pages of the reference: a page for each public module, and one for each road."""

import inspect
from importlib import import_module
from types import ModuleType

import boltzmann

# title → (file, module whose docstring opens the page, modules whose names in `bz` it describes)
OF_THE_PACKAGE = {
    "The law": ("law", "boltzmann.analytic", ("boltzmann.analytic",)),
    "Systems": (
        "systems",
        "boltzmann.levels",
        ("boltzmann.levels", "boltzmann.molecules", "boltzmann.units"),
    ),
    "The simulation": ("simulation", "boltzmann.simulation", ("boltzmann.simulation",)),
}
OF_MODULES = {
    "Language models": "language",
    "The thermometer": "thermometer",
    "Statistics": "statistics",
    "Figures": "plots",
    "Exercises": "exercises",
}


def reference_pages() -> dict[str, str]:
    """Return the reStructuredText of each page by its place."""
    pages = {}
    for title, (name, module, roots) in OF_THE_PACKAGE.items():
        names = [n for n in boltzmann.__all__ if _home(n).startswith(roots)]
        pages[name] = _page(title, "boltzmann", names, module)
    for title, name in OF_MODULES.items():
        module = import_module(f"boltzmann.{name}")
        pages[name] = _page(title, module.__name__, _public(module), module.__name__)

    listed = "\n".join(f"   {name}" for name in pages)
    pages["index"] = (
        f"{_title('Reference')}.. automodule:: boltzmann\n   :no-members:\n\n"
        f".. toctree::\n   :maxdepth: 1\n\n{listed}\n"
    )
    return {f"reference/{name}.rst": text for name, text in pages.items()}


def _home(name: str) -> str:
    return getattr(getattr(boltzmann, name), "__module__", "") or ""


def _public(module: ModuleType) -> list[str]:
    """Return what a module offers: its `__all__`, or what it declares."""
    declared = [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and callable(value)
        and name[0] != "_"
    ]
    return list(getattr(module, "__all__", declared))


def _page(title: str, module: str, names: list[str], described: str) -> str:
    """Return a page: what the module says, its names in a table, and each in full."""
    opening = f".. automodule:: {described}\n   :no-members:\n\n.. currentmodule:: {module}\n\n"
    table = ".. autosummary::\n   :nosignatures:\n\n" + "".join(f"   {name}\n" for name in names)
    values = [getattr(import_module(module), name) for name in names]
    entries = [_entry(name, value) for name, value in zip(names, values, strict=True)]
    return _title(title) + opening + table + "\n" + "\n".join(entries)


def _entry(name: str, value: object) -> str:
    if inspect.isclass(value):
        return f".. autoclass:: {name}\n   :members:\n"
    kind = "function" if inspect.isfunction(value) else "data"
    return f".. auto{kind}:: {name}\n"


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"
