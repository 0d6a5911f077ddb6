"""One look for every figure, and saving one so that its bytes can be reproduced.

In every figure the law is a line, the simulation is points with error bars and the sampler is open markers.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

# The palette of M. Okabe and K. Ito, Color Universal Design (2008), for colour-blind readers.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#666666"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SIZE = (12.8, 7.2)  # inches, 16:9: 1920×1080 pixels at DPI
DPI = 150

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 15,
    "axes.titlesize": 16,
    "axes.labelsize": 16,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=SERIES),
    "figure.titlesize": 20,
    "legend.frameon": False,
    "legend.fontsize": 14,
    "lines.linewidth": 2.5,
    "svg.fonttype": "path",
}


@contextmanager
def style() -> Iterator[None]:
    """Give figures made inside the look of this project."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def figure(title: str) -> Figure:
    """Return an empty 16:9 figure under a title that states the finding."""
    made = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    made.suptitle(title, fontweight="bold")
    return made


def cold_to_hot(count: int) -> list[str]:
    """Return `count` colours for rising temperatures, at most five: blue is cold and vermilion is hot."""
    chosen = {1: [2], 2: [0, 4], 3: [0, 2, 4], 4: [0, 1, 3, 4], 5: [0, 1, 2, 3, 4]}[count]
    return [(BLUE, SKY, BLACK, ORANGE, VERMILION)[k] for k in chosen]


def law(axes: Axes, x: ArrayLike, y: ArrayLike, **options: Any) -> None:
    """Draw what the law predicts: a line."""
    axes.plot(x, y, **{"color": BLACK, "linewidth": 2, "zorder": 2, **options})


def simulation(axes: Axes, x: ArrayLike, y: ArrayLike, error: ArrayLike | None = None, **options: Any) -> None:
    """Draw what the simulation measured: points with error bars of one standard deviation."""
    look = {"color": BLUE, "linestyle": "none", "marker": "o", "markersize": 8, "capsize": 4, "zorder": 3}
    axes.errorbar(x, y, yerr=error, **{**look, **options})


def sampler(axes: Axes, x: ArrayLike, y: ArrayLike, error: ArrayLike | None = None, **options: Any) -> None:
    """Draw what the language model's sampler drew: open markers."""
    look = {"color": VERMILION, "linestyle": "none", "marker": "s", "markersize": 11, "zorder": 4}
    hollow = {"markerfacecolor": "none", "markeredgewidth": 2, "capsize": 4}
    axes.errorbar(x, y, yerr=error, **{**look, **hollow, **options})


def rendered(made: Figure, name: str) -> dict[str, bytes]:
    """Return the figure as {"svg": bytes, "png": bytes}; the same figure gives the same bytes.

    `name` seeds the identifiers inside the SVG, so that figures on one page do not share any.
    """
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": name}):
        svg, png = io.BytesIO(), io.BytesIO()
        made.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        made.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    return {"svg": svg.getvalue(), "png": png.getvalue()}


def save(made: Figure, folder: str | Path, name: str) -> None:
    """Write `name`.svg and `name`.png into a folder.

    Examples
    --------
    >>> import tempfile
    >>> with style(), tempfile.TemporaryDirectory() as folder:
    ...     save(figure("Nothing yet"), folder, "nothing")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['nothing.png', 'nothing.svg']
    """
    for suffix, content in rendered(made, name).items():
        (Path(folder) / f"{name}.{suffix}").write_bytes(content)
