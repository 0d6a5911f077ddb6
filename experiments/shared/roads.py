"""Three roads to a distribution: law, gas and sampler, counted, held together and drawn."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import compare_counts, goodness_of_fit
from experiments.runner.table import Table, Verdict, differs, fits
from experiments.shared.gas import chance_of_missing, relaxed_gas

FALSE_ALARM = 1e-6
LAW = "law: softmax(log p / t)"


def gas_and_sampler(
    p: np.ndarray, logits: np.ndarray, t: float, particles: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts (K,) of a gas on -log p and of a sampler of as many draws, both at t."""
    gas = relaxed_gas(p, t, particles, seed)
    return gas, np.bincount(draw_ids(logits, t, particles, seed), minlength=p.size)


def counted(
    logits: np.ndarray,
    t: float,
    control: float,
    particles: int,
    draws: int,
    seed: int,
    control_seed: int,
) -> dict[str, np.ndarray]:
    """Return p, the law at t, and the counts of gas and sampler, as columns of a table.

    The sampler is counted twice: at t, and for a control at `control` times t.
    """
    p = bz.softmax(logits)
    sampled = np.bincount(draw_ids(logits, t, draws, seed), minlength=p.size)
    hot_ids = draw_ids(logits, control * t, draws, control_seed)
    sampled_too_hot = np.bincount(hot_ids, minlength=p.size)
    law, too_hot = bz.temper(p, [t, control * t])
    return {
        "probability": p,
        "law": law,
        "law_too_hot": too_hot,
        "simulated": relaxed_gas(p, t, particles, seed),
        "sampled": sampled,
        "sampled_too_hot": sampled_too_hot,
    }


def three_roads(panels: Sequence[Table]) -> list[Verdict]:
    """Hold each pair of roads against each other in every panel.

    The control is judged in the panels whose draws are enough to tell, if there are any.
    """
    gas = [_fit(panel, "simulated") for panel in panels]
    sampler = [_fit(panel, "sampled") for panel in panels]
    both = [compare_counts(panel["simulated"], panel["sampled"]).p_value for panel in panels]
    telling = [panel for panel in panels if _missed(panel) < FALSE_ALARM]
    control = [_fit(panel, "sampled_too_hot") for panel in telling]
    judged = f"panels, those of {len(panels)} in which its power is above 1 − 1e-6"

    verdicts = [
        fits("gas", "the Metropolis gas obeys softmax(log p / t)", gas, "panels"),
        fits("sampler", "the sampler obeys softmax(log p / t)", sampler, "panels"),
        fits("both", "gas and sampler draw from one distribution", both, "panels"),
    ]
    if control:
        claim = "control: a sampler that runs too hot is caught"
        verdicts.append(differs("control", claim, control, judged))
    return verdicts


def _fit(panel: Table, counts: str) -> float:
    return goodness_of_fit(panel[counts], panel["law"]).p_value


def _missed(panel: Table) -> float:
    """Return the probability that the control passes for a sampler at t."""
    return chance_of_missing(
        panel["sampled_too_hot"], panel["law_too_hot"], panel["law"], FALSE_ALARM
    )


def surprise(panel: Table, counts: str) -> tuple[float, float, float]:
    """Return the law's entropy, the mean of -log p over what was counted, and its error.

    p is the law.
    """
    cost = -np.log(panel["law"])
    total = panel[counts].sum()
    entropy = float(panel["law"] @ cost)
    variance = panel["law"] @ np.square(cost - entropy)  # it is the heat capacity
    return entropy, float(panel[counts] @ cost / total), float(np.sqrt(variance / total))


def draw_counts(
    axes: Axes,
    rows: Table,
    chosen: Callable[[np.ndarray], np.ndarray],
    colour: str | None = None,
    sideways: bool = False,
) -> None:
    """Draw the shares of gas and sampler in what is `chosen` from a column, on a log axis.

    Without a colour each road has its own. `sideways`, shares run to the right, and what has none
    is left out.
    """
    look: dict[str, Any] = {} if colour is None else {"color": colour}
    for column, mark in (("simulated", plots.simulation), ("sampled", plots.sampler)):
        counts, total = chosen(rows[column]), rows[column].sum()
        seen = np.flatnonzero(counts)
        fraction = counts[seen] / total
        error = np.sqrt(fraction * (1 - fraction) / total)
        # On a logarithmic axis a bar that reaches below zero has no end.
        bars = [np.minimum(error, 0.9 * fraction), error]
        if sideways:
            mark(axes, fraction, seen, xerr=bars, **look)
            continue
        mark(axes, seen, fraction, bars, **look)
        plots.unseen(axes, np.flatnonzero(counts == 0), 1 / total, **look)


def name_roads(figure: Figure, axes: Axes) -> None:
    """Name line, points and squares in a legend below the figure."""
    plots.name_marks(
        axes,
        law=LAW,
        simulation="simulation: Metropolis gas",
        sampler="sampler: logits / t, then a draw",
    )
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
