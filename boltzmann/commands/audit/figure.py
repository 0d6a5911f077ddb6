"""The figure of an audit: readings beside the claim, and whether the draws fill the law that was claimed."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from boltzmann.commands.audit.report import name_of
from boltzmann.thermometer import Diagnosis, Reading
from boltzmann.thermometer.hypothesis import Hypothesis

_BINS = 20


def draw(reading: Reading, diagnosis: Diagnosis) -> Figure:
    """Return the figure of an audit."""
    finding = {
        "holds": "and so it is",
        "fails": name_of(diagnosis),
        "cannot tell": "and these draws cannot tell",
    }[diagnosis.verdict]
    made = plots.figure(f"Claimed, {diagnosis.claimed}: {finding}")
    left, right = made.subplots(1, 2, width_ratios=(1.15, 1))
    _readings(left, reading, diagnosis)
    _transforms(right, reading, diagnosis)
    return made


def _readings(axes: Axes, reading: Reading, diagnosis: Diagnosis) -> None:
    claim, places = diagnosis.claimed.temperature, np.arange(len(reading.by_top))
    shown = [k for k in places if 0 <= reading.by_top[k].temperature < np.inf]
    values = [reading.by_top[k].temperature for k in shown]
    errors = [min(reading.by_top[k].standard_error, 10.0) for k in shown]
    plots.law(axes, [-0.5, len(places) - 0.5], [claim, claim], label=f"claimed, {claim:.4g}")
    if diagnosis.fault and diagnosis.law.temperature != claim:
        found = f"{diagnosis.fault}, {diagnosis.law.temperature:.4g}"
        plots.law(
            axes,
            [-0.5, len(places) - 0.5],
            [diagnosis.law.temperature] * 2,
            linestyle="--",
            label=found,
        )
    low, high = reading.interval
    if 0 <= low <= high < np.inf:
        axes.axhspan(
            low, high, color=plots.VERMILION, alpha=0.12, lw=0, label="95 % interval of all draws"
        )
    plots.sampler(axes, shown, values, errors, label="read, ± one standard error")
    axes.set_xticks(places, [f"{top.top:.0f}" for top in reading.by_top])
    axes.set(xlabel="m: the likeliest tokens that are looked at", ylabel="temperature t")
    axes.set_xlim(-0.5, len(places) - 0.5)
    value = f"t = {reading.temperature:.4g} ± {reading.standard_error:.2g}"
    none = np.isnan(reading.temperature)
    axes.set_title(
        f"{'no choice, and no temperature,' if none else value} from {reading.draws} draws"
    )
    axes.margins(y=0.25)
    axes.set_ylim(bottom=max(axes.get_ylim()[0], 0.0))
    axes.legend(loc="best")


def _transforms(axes: Axes, reading: Reading, diagnosis: Diagnosis) -> None:
    """Draw how often the token drawn lies where in the law claimed: equally often everywhere, if it is the law."""
    claim, evidence = diagnosis.claimed, reading.evidence
    if claim.temperature == 0:
        ranks = np.bincount(np.minimum(evidence.ranks, 9), minlength=10) / evidence.draws
        axes.bar(np.arange(1, 11), ranks, color=plots.SKY)
        axes.set(xlabel="place of the token in its list (10: or later)", ylabel="share of draws")
        axes.set_title("At t = 0 the first is always drawn")
        return
    uniforms = Hypothesis(evidence, claim).uniforms
    counts, edges = np.histogram(uniforms, bins=_BINS, range=(0, 1))
    height = evidence.draws / _BINS
    spread = 2 * np.sqrt(height * (1 - 1 / _BINS))
    axes.stairs(counts / height, edges, fill=True, color=plots.SKY)
    axes.axhspan(
        1 - spread / height,
        1 + spread / height,
        color=plots.BLACK,
        alpha=0.15,
        lw=0,
        label="± 2 σ of chance",
    )
    plots.law(axes, [0, 1], [1, 1], label="if the claim is true")
    axes.set(
        xlabel="U: probability of likelier tokens, under the claim",
        ylabel="draws, relative to the claim",
    )
    axes.set_xlim(0, 1)
    axes.set_title("Where draws fall in the law that was claimed")
    axes.margins(y=0.2)
    axes.legend(loc="best")
