"""Three roads to the next symbol of a language model, counted in columns, held against one another, and drawn."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import compare_counts, goodness_of_fit
from experiments.runner.table import Table, Verdict, differs, fits
from experiments.shared.gas import chance_of_missing, relaxed_gas

FALSE_ALARM = 1e-6
LAW = "law: softmax(log p / t)"


def counted(
    logits: np.ndarray,
    t: float,
    control: float,
    particles: int,
    draws: int,
    seed: int,
    control_seed: int,
) -> dict[str, np.ndarray]:
    """Return what p and the law at t are, and how often gas, sampler and a sampler `control` times as hot came."""
    p = bz.softmax(logits)
    sampled, sampled_too_hot = (
        np.bincount(draw_ids(logits, heat * t, draws, seed_), minlength=logits.size)
        for heat, seed_ in ((1.0, seed), (control, control_seed))
    )
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
    """Hold each pair of roads against each other in every panel; the control, where draws enough can tell."""
    gas, sampler = (
        [_fit(panel, counts) for panel in panels] for counts in ("simulated", "sampled")
    )
    both = [compare_counts(panel["simulated"], panel["sampled"]).p_value for panel in panels]
    telling = [panel for panel in panels if _missed(panel) < FALSE_ALARM]
    control = [_fit(panel, "sampled_too_hot") for panel in telling]
    judged = f"panels, those of {len(panels)} in which its power is above 1 − 1e-6"
    return [
        fits("gas", "the Metropolis gas obeys softmax(log p / t)", gas, "panels"),
        fits("sampler", "the sampler obeys softmax(log p / t)", sampler, "panels"),
        fits("both", "gas and sampler draw from one distribution", both, "panels"),
        *(
            [differs("control", "control: a sampler that runs too hot is caught", control, judged)]
            if control
            else []
        ),
    ]


def _fit(panel: Table, counts: str) -> float:
    return goodness_of_fit(panel[counts], panel["law"]).p_value


def _missed(panel: Table) -> float:
    """Return the probability that the control passes for a sampler at t."""
    return chance_of_missing(
        panel["sampled_too_hot"], panel["law_too_hot"], panel["law"], FALSE_ALARM
    )


def surprise(panel: Table, counts: str) -> tuple[float, float, float]:
    """Return the entropy of the law, the mean of -log p over what was counted, p being the law, and its error."""
    cost, total = -np.log(panel["law"]), panel[counts].sum()
    entropy = float(panel["law"] @ cost)
    variance = panel["law"] @ np.square(cost - entropy)  # it is the heat capacity
    return entropy, float(panel[counts] @ cost / total), float(np.sqrt(variance / total))


def draw_counts(
    axes: Axes, rows: Table, chosen: Callable[[np.ndarray], np.ndarray], colour: str, named: bool
) -> None:
    """Draw the shares of gas and sampler in what is `chosen` from a column, and whether `named` for a legend."""
    for column, mark, name in (
        ("simulated", plots.simulation, "simulation: Metropolis gas, E = −log p"),
        ("sampled", plots.sampler, "sampler: logits / t, then a draw"),
    ):
        counts, total = chosen(rows[column]), rows[column].sum()
        seen = np.flatnonzero(counts)
        fraction = counts[seen] / total
        error = np.sqrt(fraction * (1 - fraction) / total)
        # On a logarithmic axis a bar that reaches below zero has no end.
        bars = [np.minimum(error, 0.9 * fraction), error]
        mark(axes, seen, fraction, bars, color=colour, label=name if named else None)
