"""What do top-k, top-p and min-p do to the gas of letters, and why does their order matter?

Objective. You can say what a truncation does to the levels of a model, and predict what changes
when an engine applies it before the temperature and not after.

What you need to know. The lesson `letters`: letters as levels with E = -log p. Top-k keeps the k
likeliest letters. Top-p keeps the fewest that hold a share p of the probability. Min-p keeps those
with at least min_p times the probability of the likeliest. What is not kept is never drawn.

Minutes. 30

Predict first. Logits 3, 2, 1 are p = 0.665, 0.245, 0.090. How many of the three does a top-p of 0.8
keep at t = 1? At t = 0.5 they become 0.867, 0.117, 0.016: how many now, if the temperature comes
first, and how many if it comes last? Which of top-k, top-p, min-p do not care about the order? How
far above the lowest level does a min-p of 0.05 reach, in nats?

Run. Some seconds; `--corpus FILE` takes a text of yours:

    python -m experiments truncation

What the law predicts. A truncation is a wall: the levels behind it are raised to E = +∞, and what
is left is Boltzmann's law on the levels before it, at the same ratios as without the wall. Top-k
counts levels from the lowest; top-p [1]_ takes the fewest that hold a share p; min-p [2]_ takes
those at most log(1/min_p) above the lowest. Where the wall stands depends, for the last two, on the
distribution that they are shown. Shown the one at t = 1, they build it where it is for all
temperatures. Shown the tempered one, they let a hot gas have more levels and a cold one fewer.
Engines differ in which they do: transformers and vLLM temper first, llama.cpp last.

What would refute it. A letter behind the wall, be it once; letters before it that do not follow the
law, from the sampler's chain of steps or from a gas on the walled levels; a top-k that the
temperature moves; a top-p or a min-p that it does not. The control: a sampler that tempers first,
held to the law of one that tempers last.

What you see. On the left, three walls at t = 1.5: the wall cuts the line and leaves its slope. The
min-p of 0.05 stands 3.0 nats above the lowest level, between letters at 2.66 and 3.45. On the
right, flat lines are walls built at t = 1, before the tempering, the steep ones walls built after
it. Built first, a top-p of 0.9 keeps 9 letters at any t; built last it keeps 2 at t = 0.25, 9 at t
= 1 and 28 at t = 4, three times as many. Min-p goes from 2 through 12 to 30. Top-k stays at 5.

The misconception. "Top-p after temperature is the same as before." It is so at t = 1, and elsewhere
only where the same letters happen to be kept. So settings do not travel from one engine to another:
"t = 1.5, top-p = 0.9" keeps 11 letters here in an engine that tempers first, and 9 in one that
tempers last. "A truncation makes the text colder." It takes the tail away, and leaves the ratios of
what it keeps: the slope, which is the temperature, is the same.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The three logits of the first question: one token is kept if the temperature comes first, two if
it comes last.

       from boltzmann.language import Chain, MinP, NGram, Temperature, TopP, Typical, load_corpus
       print(Chain([Temperature(0.5), TopP(0.8)])([3, 2, 1]), Chain([TopP(0.8),
       Temperature(0.5)])([3, 2, 1])) print(exercises.question("truncation_order"))  #
       exercises.check("truncation_order", answer)

2. The wall of a min-p is at log(1/min_p) above the lowest level of what it is shown. Where is it in
   the levels at t = 1, if it is built after tempering at t = 1.5? Between which letters? (At 1.5 ln
   20 = 4.49, between 4.45 and 5.31; 14 letters are kept.)

3. So a min-p of 0.05 after tempering at t is another min-p before it. Which? Check for t = 1.5,
where both keep
   14. (0.05^t = 0.0112.)

       logits = NGram.fit(load_corpus(), order=5).logits("the s")
       for chain in ([Temperature(1.5), MinP(0.05)], [MinP(0.05**1.5), Temperature(1.5)]):
           print(np.count_nonzero(Chain(chain)(logits) > -np.inf))

4. Which other walls let the temperature through? Top-k does, since tempering keeps the order. Does
   top-p have such a rule as min-p in exercise 3, the same for every distribution? (No: what share
   the kept letters hold depends on all.)

5. `Typical(mass)` keeps letters whose -log p is nearest to the entropy, 2.21 nats here. Is it a
   wall at one energy? Find a mass for which it leaves out the likeliest letter. (0.2 keeps "h" and
   "u", of 2.23 and 2.34 nats, and not "t".)

       model = NGram.fit(load_corpus(), order=5)
       print([model.alphabet[k] for k in np.flatnonzero(Chain([Typical(0.2)])(logits) > -np.inf)])

References
----------
.. [1] A. Holtzman et al., Proc. ICLR 2020.
.. [2] M. N. Nguyen et al., Proc. ICLR 2025.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import Chain, MinP, NGram, Temperature, TopK, TopP, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import compare_counts, goodness_of_fit
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.gas import chance_of_missing, relaxed_gas
from experiments.shared.letters import shown, usable_contexts

CHAPTER = 14
FINDING = "A truncation is a wall, and heat moves a wall that is built after it"
FALSE_ALARM = 1e-6
SHOWN = 4.0  # nats above the lowest level
STEPS: dict[str, Callable[[Any], Any]] = {"top-k": TopK, "top-p": TopP, "min-p": MinP}


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    context: str = "the s"
    walls: tuple[tuple[str, float], ...] = (("top-k", 5), ("top-p", 0.9), ("min-p", 0.05))
    temperature: float = 1.5  # of the panels
    temperatures: tuple[float, ...] = tuple(
        np.geomspace(0.25, 4, 17).round(4).tolist()
    )  # of the walls
    draws: int = 200_000
    seed: int = 2026


QUICK = Config(temperatures=(0.5, 1.0, 2.0), draws=50_000)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Count letters before each wall, built before or after the tempering; find each wall at each temperature."""
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    context = [*usable_contexts([config.context], text), ""][0]
    logits, rows = model.logits(context), []
    p = bz.softmax(logits)
    names = [shown(letter) for letter in model.alphabet]
    for done, (wall, value) in enumerate(config.walls):
        for tempered in ("first", "last"):
            counts = _counts(
                config,
                logits,
                p,
                wall,
                value,
                tempered,
                config.seed + 2 * done + (tempered == "first"),
            )
            for k, name in enumerate(names):
                numbers = {key: column[k] for key, column in counts.items()}
                rows.append(_row(wall, value, tempered, config.temperature, name, **numbers))
        for t in config.temperatures:
            for tempered in ("first", "last"):
                before = np.count_nonzero(
                    before_wall(bz.temper(p, t if tempered == "first" else 1.0), wall, value)
                )
                steps = _steps(wall, value, t, tempered)
                kept = np.count_nonzero(Chain(steps)(logits) > -np.inf)
                rows.append(_row(wall, value, tempered, t, "", law=before, sampled=kept))
        progress((done + 1) / len(config.walls))
    return Table.of_rows(rows)


def _row(
    wall: str, value: float, tempered: str, t: float, letter: str, **numbers: float
) -> dict[str, Any]:
    row = {"wall": f"{wall} = {value:g}", "tempered": tempered, "temperature": t, "letter": letter}
    return row | {
        name: float(numbers.get(name, 0)) for name in ("energy", "law", "sampled", "simulated")
    }


def _steps(wall: str, value: float, t: float, tempered: str) -> list[Any]:
    steps = [Temperature(t), STEPS[wall](value)]
    return steps if tempered == "first" else steps[::-1]


def before_wall(p: np.ndarray, wall: str, value: float) -> np.ndarray:
    """Return a mask of the letters that a wall leaves, by its definition; of equal ones the first."""
    order = np.argsort(-p, kind="stable")
    kept = np.zeros(p.size, bool)
    if wall == "top-k":
        kept[order[: int(value)]] = True
    elif wall == "top-p":
        below = np.cumsum(p[order]) - p[order]  # what the likelier ones hold already
        kept[order[below < value]] = True
    else:
        kept = p >= value * p.max()
    return kept


def _counts(
    config: Config,
    logits: np.ndarray,
    p: np.ndarray,
    wall: str,
    value: float,
    tempered: str,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return the energies above the lowest, the law, and the letters of the sampler and of the gas."""
    t = config.temperature
    kept = before_wall(bz.temper(p, t if tempered == "first" else 1.0), wall, value)
    walled = np.where(kept, p, 0) / p[kept].sum()
    ids = draw_ids(
        logits, size=config.draws, seed=seed, chain=Chain(_steps(wall, value, t, tempered))
    )
    return {
        "energy": np.log(p.max() / p),
        "law": bz.temper(walled, t),
        "sampled": np.bincount(ids, minlength=p.size),
        "simulated": relaxed_gas(walled, t, config.draws, seed),
    }


def verdicts(table: Table) -> list[Verdict]:
    """Hold both roads to the walled law, look behind the wall, and follow it as the temperature changes."""
    panels = [rows for _, rows in _part(table, table["letter"] != "").groups("wall", "tempered")]
    behind = sum(
        rows[road][rows["law"] == 0].sum() for rows in panels for road in ("sampled", "simulated")
    )
    found = _part(table, table["letter"] == "")
    firsts, lasts = _of(panels, "first"), _of(panels, "last")
    control = [
        _fit(first["sampled"], last["law"])
        for first, last in zip(firsts, lasts, strict=True)
        if chance_of_missing(first["sampled"].astype(int), first["law"], last["law"], FALSE_ALARM)
        < FALSE_ALARM
    ]
    both = [
        compare_counts(rows["simulated"].astype(int), rows["sampled"].astype(int)).p_value
        for rows in panels
    ]
    return [
        fits(
            "sampler",
            "the sampler's chain obeys the law before the wall",
            [_fit(r["sampled"], r["law"]) for r in panels],
            "panels",
        ),
        fits(
            "gas",
            "a gas on walled levels obeys it",
            [_fit(r["simulated"], r["law"]) for r in panels],
            "panels",
        ),
        fits("both", "gas and sampler draw from one distribution", both, "panels"),
        agrees("behind", "letters behind a wall", behind, 0, 0, "of all that were drawn"),
        agrees(
            "definition",
            "walls that are not where their definition says",
            np.count_nonzero(found["law"] != found["sampled"]),
            0,
            0,
        ),
        *_moved(found),
        *(
            [
                differs(
                    "control",
                    "control: tempered first is not tempered last",
                    control,
                    "walls that differ",
                )
            ]
            if control
            else []
        ),
    ]


def _part(table: Table, keep: np.ndarray) -> Table:
    return Table({name: column[keep] for name, column in table.columns.items()})


def _of(panels: list[Table], tempered: str) -> list[Table]:
    return [rows for rows in panels if rows["tempered"][0] == tempered]


def _fit(counts: np.ndarray, law: np.ndarray) -> float:
    return goodness_of_fit(counts.astype(np.int64), law).p_value


def _moved(found: Table) -> list[Verdict]:
    """Judge which walls the temperature moves."""
    judged = []
    for (wall,), rows in found.groups("wall"):
        first, last = (rows.where(tempered=tempered)["law"] for tempered in ("first", "last"))
        back = np.count_nonzero(np.diff(first) < 0) + np.count_nonzero(np.diff(last))
        key = "moved_" + wall.partition(" ")[0].replace("-", "_")
        if wall.startswith("top-k"):
            back += np.count_nonzero(first != last)
            judged.append(agrees(key, f"{wall}: temperatures that move it", back, 0, 0))
        else:
            judged.append(
                agrees(
                    key,
                    f"{wall}: steps back of the wall built last, and steps of that built first",
                    back,
                    0,
                    0,
                )
            )
    return judged


def draw(table: Table) -> Figure:
    """Draw the levels before each wall, and how many letters each wall keeps."""
    figure = plots.figure(FINDING)
    names = list(dict.fromkeys(table["wall"].tolist()))
    *panels, walls = figure.subplots(1, len(names) + 1, width_ratios=[1] * len(names) + [1.5])
    for axes, name in zip(panels, names, strict=True):
        rows = _part(
            table, (table["wall"] == name) & (table["letter"] != "") & (table["tempered"] == "last")
        )
        _draw_levels(axes, rows)
        axes.set_title(name)
        axes.set_ylim(0.02, 0.5)
        axes.set_yticks(
            [0.02, 0.05, 0.1, 0.2, 0.5],
            ["0.02", "0.05", "0.1", "0.2", "0.5"] if axes is panels[0] else [],
        )
        axes.minorticks_off()
    panels[0].set_ylabel(f"probability at t = {table['temperature'][0]:g}")
    panels[len(panels) // 2].set_xlabel("−log p above the lowest (nats)")
    _draw_walls(walls, _part(table, table["letter"] == ""))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _draw_levels(axes: Axes, rows: Table) -> None:
    order = np.argsort(rows["energy"], kind="stable")
    energy, law = rows["energy"][order], rows["law"][order]
    kept = law > 0
    axes.set_yscale("log")
    plots.law(axes, energy[kept], law[kept], label="law before the wall")
    for name, mark, label in (
        ("simulated", plots.simulation, "simulation: gas on walled levels"),
        ("sampled", plots.sampler, "sampler: chain of steps, then a draw"),
    ):
        fraction = rows[name][order] / rows[name].sum()
        error = np.sqrt(fraction * (1 - fraction) / rows[name].sum())
        mark(axes, energy[kept], fraction[kept], error[kept], label=label)
    wall = (energy[kept][-1] + energy[~kept][0]) / 2 if not kept.all() else energy[-1]
    axes.axvspan(wall, SHOWN, color=plots.GREY, alpha=0.35, linewidth=0, label="wall")
    axes.set_xlim(-0.3, SHOWN)


def _draw_walls(axes: Axes, found: Table) -> None:
    for ((name,), rows), colour in zip(found.groups("wall"), plots.SERIES, strict=False):
        for tempered, style in (("first", "-"), ("last", "--")):
            part = rows.where(tempered=tempered)
            plots.law(axes, part["temperature"], part["law"], color=colour, linestyle=style)
            label = name if tempered == "first" else None
            axes.plot(
                part["temperature"],
                part["sampled"],
                "s",
                color=colour,
                markerfacecolor="none",
                label=label,
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
    axes.minorticks_off()
    axes.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.axvline(1, color=plots.GREY, linestyle=":")
    axes.set_xlabel("temperature t")
    axes.set_ylabel("letters before the wall")
    axes.set_title("wall built last (—) or first (- -)")
    axes.legend(loc="lower right", fontsize=12)
