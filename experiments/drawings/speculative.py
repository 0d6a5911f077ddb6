"""What speculative decoding accepts and forgets, and what audits find of its variants."""

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.runner.table import Table

_REPLACED, _REPEATED = plots.VERMILION, plots.BLUE
_DISTANCE = "distance TV of the draft from the target"


def draw_accepted(axes: Axes, law: Table, steps: Table) -> None:
    """Draw the share of proposals that is accepted over the distance of the draft."""
    x, tried = steps["distance"], steps["tried"]
    for exact, counted, mark, colour, label in (
        ("shared", "accepted", plots.sampler, _REPLACED, "speculative, then replaced"),
        (
            "repeat_shared",
            "repeat_accepted",
            plots.simulation,
            _REPEATED,
            "Metropolis, then repeated",
        ),
    ):
        plots.law(axes, law["distance"], law[exact], color=colour)
        share = steps[counted] / tried
        mark(axes, x, share, np.sqrt(share * (1 - share) / tried), color=colour)
        mark(axes, [], [], color=colour, label=label)
    axes.set(ylabel="proposals accepted", ylim=(0, 1.03), xlim=(0, None))
    axes.set_title("accepted: 1 − TV, or fewer")
    axes.legend(loc="lower left", fontsize=13)
    axes.tick_params(labelbottom=False)


def draw_remembered(axes: Axes, law: Table, steps: Table) -> None:
    """Draw the correlation of a letter with the one a step later."""
    own = (steps["stays"] - steps["eigenvalue"]) / (1 - steps["eigenvalue"])
    stays = steps["stayed"] / steps["stood"]
    error = np.sqrt(stays * (1 - stays) / steps["stood"]) / (1 - own)
    plots.law(axes, law["distance"], law["eigenvalue"], color=_REPEATED)
    found = (stays - own) / (1 - own)
    plots.simulation(axes, steps["distance"], found, error, color=_REPEATED)
    plots.law(axes, law["distance"], np.zeros(len(law)), color=_REPLACED)
    end = law["distance"].max()
    for height, colour, words in ((0.06, _REPLACED, "replaced: 0"), (0.8, _REPEATED, "repeated")):
        side = "right" if height < 0.1 else "center"
        place = end if height < 0.1 else 0.62 * end
        axes.text(place, height, words, color=colour, ha=side, fontweight="bold", fontsize=13)
    axes.set(
        xlabel=_DISTANCE, ylabel="correlation after a step", ylim=(-0.05, 1.03), xlim=(0, None)
    )
    axes.set_title("remembered: 1 − 1/w, or nothing")


def draw_audits(axes: Axes, audits: Table) -> None:
    """Draw how far each variant is from the law that was asked for, and what it is called."""
    places = -np.arange(len(audits))
    axes.barh(places, audits["distance"], height=0.26, color=plots.GREY)
    rows = zip(
        places,
        *(audits[name].tolist() for name in ("name", "verdict", "fault")),
        strict=True,
    )
    for place, name, verdict, fault in rows:
        axes.text(0.001, place + 0.17, name, fontsize=12, va="bottom")
        said, colour = (fault, plots.VERMILION) if fault else (verdict, plots.BLUE)
        look = {"fontsize": 12, "color": colour, "fontweight": "bold", "va": "center"}
        axes.text(0.15, place, said, ha="right", **look)
    axes.set(xlim=(0, 0.15), ylim=(places[-1] - 0.4, 0.7), yticks=[])
    axes.set_xlabel("distance TV from the law asked for")
    axes.set_title("mistakes, and what the thermometer says")


def draw_calls(axes: Axes, texts: Table) -> None:
    """Draw how many tokens a call of the transformer yields over the proposals of a round."""
    names = {1: "unigram", 2: "bigram", 3: "trigram"}
    for ((order,), rows), colour in zip(
        texts.groups("order"), (plots.GREEN, plots.PURPLE, plots.ORANGE), strict=False
    ):
        share = rows["expected"].sum() / rows["tried"].sum()
        fine = np.linspace(0, texts["proposals"].max() + 0.5, 80)
        plots.law(axes, fine, (1 - share ** (fine + 1)) / (1 - share), color=colour)
        yielded = rows["tokens"] / rows["target_calls"]
        error = yielded / rows["target_calls"] * np.sqrt(rows["variance"])
        plots.sampler(axes, rows["proposals"], yielded, error, color=colour)
        plots.sampler(axes, [], [], color=colour, label=names[int(order)])
    axes.set(xlabel="tokens proposed in a round", ylabel="tokens a call", ylim=(0.9, None))
    axes.set_title("GPT-2 with n-grams of its tokens as drafts")
    axes.legend(loc="upper left", fontsize=13)
