"""The law has two ways, NumPy for few numbers and compiled code for many; here, either for all."""

from importlib import import_module

import pytest


@pytest.fixture(params=["NumPy", "compiled"])
def both_ways(request, monkeypatch):
    """Let one way take all arguments, few or many."""
    least = 1 if request.param == "compiled" else 10**9
    for name in ("many", "softmax", "tempering"):
        monkeypatch.setattr(import_module(f"boltzmann.analytic.{name}"), "MANY", least)
