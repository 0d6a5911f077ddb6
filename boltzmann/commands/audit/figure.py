"""The figure of an audit: readings beside the claim, and the draws' transforms under the claim."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from boltzmann.commands.audit.report import name_of
from boltzmann.thermometer import Diagnosis, Reading
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.hypothesis import Hypothesis

_BINS = 20
_RANKS = 10  # places in a list; later ones count for the last
_LONGEST_BAR = 10.0  # a standard error that is drawn


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
    if diagnosis.claimed.temperature == 0:
        _ranks(right, reading.evidence)
    else:
        _transforms(right, reading, diagnosis)
    return made


def _readings(axes: Axes, reading: Reading, diagnosis: Diagnosis) -> None:
    """Draw the readings from the m likeliest tokens, for several m, beside the claim."""
    claim = diagnosis.claimed.temperature
    places = np.arange(len(reading.by_top))
    ends = [-0.5, len(places) - 0.5]

    # The law claimed, and the one found.
    plots.law(axes, ends, [claim, claim], label=f"claimed, {claim:.4g}")
    found = diagnosis.law.temperature
    if diagnosis.fault and found != claim:
        label = f"{diagnosis.fault}, {found:.4g}"
        plots.law(axes, ends, [found, found], linestyle="--", label=label)

    low, high = reading.interval
    if 0 <= low <= high < np.inf:
        label = "95 % interval of all draws"
        axes.axhspan(low, high, color=plots.VERMILION, alpha=0.12, lw=0, label=label)

    shown = [k for k in places if 0 <= reading.by_top[k].temperature < np.inf]
    values = [reading.by_top[k].temperature for k in shown]
    errors = [min(reading.by_top[k].standard_error, _LONGEST_BAR) for k in shown]
    plots.sampler(axes, shown, values, errors, label="read, ± one standard error")

    axes.set_xticks(places, [f"{top.top:.0f}" for top in reading.by_top])
    axes.set(xlabel="m: the likeliest tokens that are looked at", ylabel="temperature t")
    axes.set_xlim(*ends)
    value = f"t = {reading.temperature:.4g} ± {reading.standard_error:.2g}"
    if np.isnan(reading.temperature):
        value = "no choice, and no temperature,"
    axes.set_title(f"{value} from {reading.draws} draws")
    axes.margins(y=0.25)
    axes.set_ylim(bottom=max(axes.get_ylim()[0], 0.0))
    axes.legend(loc="best")


def _ranks(axes: Axes, evidence: Evidence) -> None:
    """Draw how often a token of each place in its list was drawn."""
    counts = np.bincount(np.minimum(evidence.ranks, _RANKS - 1), minlength=_RANKS)
    axes.bar(np.arange(1, _RANKS + 1), counts / evidence.draws, color=plots.SKY)
    axes.set(xlabel="place of the token in its list (10: or later)", ylabel="share of draws")
    axes.set_title("At t = 0 the first is always drawn")


def _transforms(axes: Axes, reading: Reading, diagnosis: Diagnosis) -> None:
    """Draw the histogram of the draws' transforms, which are uniform if the claim is true."""
    uniforms = Hypothesis(reading.evidence, diagnosis.claimed).uniforms
    counts, edges = np.histogram(uniforms, bins=_BINS, range=(0, 1))
    expected = reading.evidence.draws / _BINS
    axes.stairs(counts / expected, edges, fill=True, color=plots.SKY)

    # The standard deviation of a bin's count is binomial.
    spread = 2 * np.sqrt(expected * (1 - 1 / _BINS)) / expected
    label = "± 2 σ of chance"
    axes.axhspan(1 - spread, 1 + spread, color=plots.BLACK, alpha=0.15, lw=0, label=label)
    plots.law(axes, [0, 1], [1, 1], label="if the claim is true")

    axes.set(
        xlabel="U: probability of likelier tokens, under the claim",
        ylabel="draws, relative to the claim",
    )
    axes.set_xlim(0, 1)
    axes.set_title("Where draws fall in the law that was claimed")
    axes.margins(y=0.2)
    axes.legend(loc="best")
