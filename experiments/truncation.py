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
counts levels from the lowest; top-p [1]_ takes the fewest that hold a share p; min-p [2]_ those at
most log(1/min_p) above the lowest. Where the wall stands depends, for the last two, on the
distribution that they are shown. Shown the one at t = 1, they build it where it is for all
temperatures; shown the tempered one, they let a hot gas have more levels and a cold one fewer.
Engines differ: transformers and vLLM temper first, llama.cpp last.

What would refute it. A letter behind the wall, be it once; letters before it that do not follow the
law, from the sampler's chain of steps or from a gas on the walled levels; a top-k that the
temperature moves; a top-p or a min-p that it does not. The control: a sampler that tempers first,
held to the law of one that tempers last.

What you see. On the left, three walls at t = 1.5: the wall cuts the line and leaves its slope. The
min-p of 0.05 stands 3.0 nats above the lowest level, between letters at 2.66 and 3.45. On the
right, flat lines are walls built at t = 1, before the tempering, the steep ones walls built after
it. Built first, a top-p of 0.9 keeps 9 letters at any t; built last it keeps 2 at t = 0.25, 9 at t
= 1 and 28 at t = 4. Min-p goes from 2 through 12 to 30. Top-k stays at 5.

The misconception. "Top-p after temperature is the same as before." At t = 1, and elsewhere only
where the same letters happen to be kept. So settings do not travel from one engine to another: "t =
1.5, top-p = 0.9" keeps 11 letters here in an engine that tempers first, and 9 in one that tempers
last. "A truncation makes the text colder." It leaves the ratios of what it keeps: the slope, which
is the temperature, is the same.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The three logits of the first question: one token is kept if the temperature comes first, two if
   it comes last.

       from boltzmann.language import Chain, MinP, NGram, Temperature, TopP, Typical, load_corpus
       print(Chain([Temperature(0.5), TopP(0.8)])([3, 2, 1]))
       print(Chain([TopP(0.8), Temperature(0.5)])([3, 2, 1]))
       print(exercises.question("truncation_order"))  # exercises.check("truncation_order", answer)

2. Where in the levels at t = 1 is a min-p of 0.05 that is built after tempering at t = 1.5, and
   between which letters? (At 1.5 ln 20 = 4.49, between 4.45 and 5.31; 14 letters are kept.)

3. So a min-p of 0.05 after tempering at t is another min-p before it. Which? Check for t = 1.5,
   where both keep 14. (0.05^t = 0.0112.) Has top-p such a rule? (No: what share the kept letters
   hold depends on all.)

       logits = NGram.fit(load_corpus(), order=5).logits("the s")
       for chain in ([Temperature(1.5), MinP(0.05)], [MinP(0.05**1.5), Temperature(1.5)]):
           print(np.count_nonzero(Chain(chain)(logits) > -np.inf))

4. `Typical(mass)` keeps letters whose -log p is nearest to the entropy, 2.21 nats here. Is it a
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
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import Chain, MinP, NGram, Temperature, TopK, TopP, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import compare_counts, goodness_of_fit
from experiments.drawings.truncation import draw_levels, draw_walls
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.gas import chance_of_missing, relaxed_gas
from experiments.shared.letters import shown, usable_contexts

CHAPTER = 140
FINDING = "A truncation is a wall; built after the temperature, it moves with t"
FALSE_ALARM = 1e-6
STEPS: dict[str, Callable[[Any], Any]] = {"top-k": TopK, "top-p": TopP, "min-p": MinP}


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    context: str = "the s"
    walls: tuple[tuple[str, float], ...] = (("top-k", 5), ("top-p", 0.9), ("min-p", 0.05))
    temperature: float = 1.5  # of the panels
    temperatures: tuple[float, ...] = tuple(np.geomspace(0.25, 4, 17).round(4).tolist())
    draws: int = 200_000
    seed: int = 2026


QUICK = Config(temperatures=(0.5, 1.0, 2.0), draws=50_000)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Count letters before each wall, built before or after the tempering; find each wall."""
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    logits = model.logits([*usable_contexts([config.context], text), ""][0])
    p = bz.softmax(logits)
    rows = []

    for done, wall in enumerate(config.walls):
        for tempered in ("first", "last"):
            seed = config.seed + 2 * done + (tempered == "first")
            counts = _counts(config, logits, wall, tempered, seed)
            for k, letter in enumerate(model.alphabet):
                numbers = {name: column[k] for name, column in counts.items()}
                rows.append(_row(wall, tempered, config.temperature, shown(letter), numbers))
        for t in config.temperatures:
            for tempered in ("first", "last"):
                before = np.count_nonzero(before_wall(_seen(p, t, tempered), *wall))
                kept = np.count_nonzero(Chain(_steps(wall, t, tempered))(logits) > -np.inf)
                rows.append(_row(wall, tempered, t, "", {"law": before, "sampled": kept}))
        progress((done + 1) / len(config.walls))

    return Table.of_rows(rows)


def _row(
    wall: tuple[str, float], tempered: str, t: float, letter: str, numbers: dict[str, Any]
) -> dict[str, Any]:
    name = f"{wall[0]} = {wall[1]:g}"
    row = {"wall": name, "tempered": tempered, "temperature": t, "letter": letter}
    columns = ("energy", "law", "sampled", "simulated")
    return row | {column: float(numbers.get(column, 0)) for column in columns}


def _seen(p: np.ndarray, t: float, tempered: str) -> np.ndarray:
    """Return the probabilities that a wall is shown."""
    return bz.temper(p, t if tempered == "first" else 1.0)


def _steps(wall: tuple[str, float], t: float, tempered: str) -> list[Any]:
    steps = [Temperature(t), STEPS[wall[0]](wall[1])]
    return steps if tempered == "first" else steps[::-1]


def before_wall(p: np.ndarray, kind: str, value: float) -> np.ndarray:
    """Return a mask of the letters that a wall leaves by definition; of equal ones the first."""
    order = np.argsort(-p, kind="stable")
    kept = np.zeros(p.size, bool)
    if kind == "top-k":
        kept[order[: int(value)]] = True
    elif kind == "top-p":
        below = np.cumsum(p[order]) - p[order]  # what the likelier ones hold already
        kept[order[below < value]] = True
    else:
        kept = p >= value * p.max()
    return kept


def _counts(
    config: Config, logits: np.ndarray, wall: tuple[str, float], tempered: str, seed: int
) -> dict[str, np.ndarray]:
    """Return the energies above the lowest, the law, and the letters of the sampler and the gas."""
    p, t = bz.softmax(logits), config.temperature
    kept = before_wall(_seen(p, t, tempered), *wall)
    walled = np.where(kept, p, 0) / p[kept].sum()
    chain = Chain(_steps(wall, t, tempered))
    ids = draw_ids(logits, size=config.draws, seed=seed, chain=chain)
    return {
        "energy": np.log(p.max() / p),
        "law": bz.temper(walled, t),
        "sampled": np.bincount(ids, minlength=p.size),
        "simulated": relaxed_gas(walled, t, config.draws, seed),
    }


def verdicts(table: Table) -> list[Verdict]:
    """Hold both roads to the walled law, look behind the wall, and follow it as t changes."""
    panels = [rows for _, rows in _part(table, table["letter"] != "").groups("wall", "tempered")]
    found = _part(table, table["letter"] == "")
    roads = ("sampled", "simulated")
    sampler, gas = ([_fit(rows[road], rows["law"]) for rows in panels] for road in roads)
    counts = [[rows[road].astype(int) for road in roads] for rows in panels]
    both = [compare_counts(simulated, sampled).p_value for sampled, simulated in counts]

    behind = sum(rows[road][rows["law"] == 0].sum() for rows in panels for road in roads)
    off = np.count_nonzero(found["law"] != found["sampled"])
    return [
        fits("sampler", "the sampler's chain obeys the law before the wall", sampler, "panels"),
        fits("gas", "a gas on walled levels obeys it", gas, "panels"),
        fits("both", "gas and sampler draw from one distribution", both, "panels"),
        agrees("behind", "letters behind a wall", behind, 0, 0, "of all that were drawn"),
        agrees("definition", "walls that are not where their definition says", off, 0, 0),
        *(_moved(wall, rows) for (wall,), rows in found.groups("wall")),
        *_control(panels),
    ]


def _part(table: Table, keep: np.ndarray) -> Table:
    return Table({name: column[keep] for name, column in table.columns.items()})


def _fit(counts: np.ndarray, law: np.ndarray) -> float:
    return goodness_of_fit(counts.astype(np.int64), law).p_value


def _moved(wall: str, rows: Table) -> Verdict:
    """Judge whether the temperature moves a wall as it should."""
    first, last = (rows.where(tempered=tempered)["law"] for tempered in ("first", "last"))
    back = np.count_nonzero(np.diff(first) < 0) + np.count_nonzero(np.diff(last))
    claim = f"{wall}: steps back of the wall built last, and steps of that built first"
    if wall.startswith("top-k"):
        back += np.count_nonzero(first != last)
        claim = f"{wall}: temperatures that move it"
    key = "moved_" + wall.partition(" ")[0].replace("-", "_")
    return agrees(key, claim, back, 0, 0)


def _control(panels: list[Table]) -> list[Verdict]:
    """Hold what was tempered first to the law of what is tempered last, where draws can tell."""
    firsts, lasts = (
        [rows for rows in panels if rows["tempered"][0] == tempered]
        for tempered in ("first", "last")
    )
    control = []
    for first, last in zip(firsts, lasts, strict=True):
        counts = first["sampled"]
        missed = chance_of_missing(counts.astype(int), first["law"], last["law"], FALSE_ALARM)
        if missed < FALSE_ALARM:
            control.append(_fit(counts, last["law"]))
    claim = "control: tempered first is not tempered last"
    return [differs("control", claim, control, "walls that differ")] if control else []


def _stairs(table: Table) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Return, by wall and order, temperatures (400,) and how many letters are kept there."""
    found = table.where(letter="")
    t = np.geomspace(found["temperature"].min(), found["temperature"].max(), 400)
    stairs = {}
    for (name, tempered), rows in _part(table, table["letter"] != "").groups("wall", "tempered"):
        kind, value = name.split(" = ")
        p = bz.softmax(-rows["energy"])
        seen = [before_wall(_seen(p, s, tempered), kind, float(value)) for s in t]
        stairs[name, tempered] = (t, np.count_nonzero(seen, axis=1))
    return stairs


def draw(table: Table) -> Figure:
    """Draw the levels before each wall, and how many letters each wall keeps."""
    figure = plots.figure(FINDING)
    names = list(dict.fromkeys(table["wall"].tolist()))
    *panels, walls = figure.subplots(1, len(names) + 1, width_ratios=[1] * len(names) + [1.5])
    letters = _part(table, (table["letter"] != "") & (table["tempered"] == "last"))
    for axes, name in zip(panels, names, strict=True):
        draw_levels(axes, letters.where(wall=name), name, axes is panels[0])
    panels[0].set_ylabel(f"probability at t = {table['temperature'][0]:g}")
    panels[len(panels) // 2].set_xlabel("−log p above the lowest (nats)")
    draw_walls(walls, _part(table, table["letter"] == ""), _stairs(table))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
