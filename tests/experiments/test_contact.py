"""The lesson on contact: its verdicts hold, and each is refuted by what it excludes."""

import numpy as np

import boltzmann as bz
from experiments import contact
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def refuted():
    """Return the keys of what the quick experiment refutes."""
    table = contact.compute(contact.QUICK, lambda fraction: None)
    return failing(contact.verdicts(Table.from_csv(table.to_csv())))


def test_letters_and_molecules_come_to_one_temperature():
    """Statistical verdicts have a false-alarm rate of at most 1e-6 each, and a fixed seed."""
    assert failing(contact.verdicts(quick_table("contact"))) == set()


def test_a_wall_in_place_of_the_contact_is_refuted(monkeypatch):
    real = bz.Contact

    class Walled(real):
        """Boxes side by side that share nothing."""

        def __init__(self, boxes, *, seed=0):
            super().__init__(boxes, seed=seed)
            self._walled = [real([box], seed=seed + k) for k, box in enumerate(boxes)]

        def run(self, *sweeps, **named):
            runs = [walled.run(*sweeps, **named) for walled in self._walled]
            return bz.ContactRun(
                bodies=tuple(run.bodies[0] for run in runs),
                demon=sum(run.demon for run in runs),
                demons=self.demons,
                sweeps=runs[0].sweeps,
                every=runs[0].every,
                quantum=runs[0].quantum,
            )

    monkeypatch.setattr(bz, "Contact", Walled)
    assert {"zeroth", "letters", "molecules", "unrounded", "rise"} <= refuted()


def test_an_entropy_that_falls_is_refuted():
    table = quick_table("contact")
    letters = (table["kind"] == "flow") & (table["body"] == "letters")
    table["entropy"][letters] -= np.linspace(0, 5000, letters.sum())
    assert failing(contact.verdicts(table)) == {"entropy", "rise"}


def test_a_wall_that_conducts_is_no_control():
    table = quick_table("contact")
    end, wall = ((table["kind"] == kind) & (table["body"] != "demons") for kind in ("end", "wall"))
    table["counted"][wall] = table["counted"][end]
    assert failing(contact.verdicts(table)) == {"wall"}
