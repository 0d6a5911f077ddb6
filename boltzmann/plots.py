"""The style of every figure, and reproducible files of figures and animations.

In every figure the law is a line, the simulation is points with error bars and the sampler is open
markers.
"""

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike
from PIL import Image

from boltzmann._core.checks import as_count
from boltzmann._core.files import write_file

# The palette of M. Okabe and K. Ito, Color Universal Design (2008), for colour-blind readers.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#666666"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
COLD_TO_HOT = (BLUE, SKY, BLACK, ORANGE, VERMILION)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SIZE = (12.8, 7.2)  # inches, 16:9: 1920×1080 pixels at DPI
DPI = 150
_MARGIN = 16  # pixels of the PNG that stay empty along each edge, or more
_LINE = 54  # pixels from one line of the title to the next
_COLOURS = 64  # of an animation
# Each channel of an animation is rounded to one of 16 shades, so that a colour, above all white, is
# the same in every frame.
_SHADES = [17 * round(value / 17) for value in range(256)]
_FRAME, _REST = 100, 3000  # milliseconds that a frame of an animation is seen, and the last one

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
    """Give figures that are made inside the block the style of this project.

    Yields
    ------
    None
        The block runs in that style; the one before it holds again after it.

    See Also
    --------
    figure : An empty figure under a title.

    Examples
    --------
    >>> with style():
    ...     mpl.rcParams["font.size"]
    15.0
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def figure(title: str) -> Figure:
    """Return an empty 16:9 figure under a title that states the finding.

    Parameters
    ----------
    title : str
        The finding, in one line.

    Returns
    -------
    matplotlib Figure
        Without axes, of 12.8 by 7.2 inches.

    See Also
    --------
    style : The style of this project.
    save : A figure as files.

    Examples
    --------
    >>> figure("Cold picks the likeliest").get_size_inches().tolist()
    [12.8, 7.2]
    """
    made = Figure(figsize=SIZE, dpi=DPI)
    width, height = (DPI * inches for inches in SIZE)
    across, up = _MARGIN / width, _MARGIN / height
    # A title whose place is given is none of the layout's business, so that room is left for it.
    above = up + _LINE * (title.count("\n") + 1) / height
    inside = (across, up, 1 - 2 * across, 1 - up - above)
    made.set_layout_engine("constrained", rect=inside, wspace=0.04)
    made.suptitle(title, fontweight="bold", y=1 - up, va="top")
    return made


def cold_to_hot(count: int) -> list[str]:
    """Return `count` colours for rising temperatures, as hex: blue is cold and vermilion is hot.

    Up to five are of the palette; more are blends of it, the harder to tell apart the more there
    are.

    Parameters
    ----------
    count : int
        How many colours, at least 1.

    Returns
    -------
    list of `count` str
        Colours such as "#0072B2", the coldest first.

    Raises
    ------
    ValueError
        If `count` is no whole number of at least 1.

    See Also
    --------
    law : What the law predicts: a line.

    Examples
    --------
    >>> cold_to_hot(3) == [BLUE, BLACK, VERMILION]
    True
    """
    chosen = {1: [2], 2: [0, 4], 3: [0, 2, 4], 4: [0, 1, 3, 4], 5: [0, 1, 2, 3, 4]}
    if as_count("count", count) in chosen:
        return [COLD_TO_HOT[k] for k in chosen[count]]
    scale = LinearSegmentedColormap.from_list("cold to hot", COLD_TO_HOT, N=count)
    return [to_hex(scale(k)) for k in range(count)]


def law(axes: Axes, x: ArrayLike, y: ArrayLike, **options: Any) -> Line2D:
    """Draw what the law predicts: a line, and return it.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    x, y : (n,) array_like
        Places and heights, in the units of the axes.
    **options
        Of Matplotlib's `plot`, over the style that is set here.

    Returns
    -------
    matplotlib Line2D
        The line drawn.

    See Also
    --------
    simulation : What a simulation measured: points.
    sampler : What a sampler drew: open markers.

    Examples
    --------
    >>> axes = figure("Half as many a step").subplots()
    >>> line = law(axes, [0, 1, 2], [1.0, 0.5, 0.25])
    >>> line.get_linestyle()
    '-'
    """
    (line,) = axes.plot(x, y, **{"color": BLACK, "linewidth": 2, "zorder": 2, **options})
    return line


def simulation(
    axes: Axes, x: ArrayLike, y: ArrayLike, error: ArrayLike | None = None, **options: Any
) -> ErrorbarContainer:
    """Draw what the simulation measured, points with error bars of one standard deviation.

    They are returned.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    x, y : (n,) array_like
        Places and heights, in the units of the axes.
    error : float, (n,) or (2, n) array_like, optional
        One standard deviation of `y`, in its unit; with two rows, below and above.
    **options
        Of Matplotlib's `errorbar`, over the style that is set here.

    Returns
    -------
    matplotlib ErrorbarContainer
        What was drawn.

    See Also
    --------
    law : What the law predicts: a line.
    sampler : What a sampler drew: open markers.

    Examples
    --------
    >>> axes = figure("Half as many a step").subplots()
    >>> points = simulation(axes, [0, 1, 2], [1.01, 0.49, 0.25], error=0.01)
    >>> axes.lines[0].get_linestyle(), axes.lines[0].get_marker()
    ('None', 'o')
    """
    look = {
        "color": BLUE,
        "linestyle": "none",
        "marker": "o",
        "markersize": 8,
        "zorder": 3,
    }
    return axes.errorbar(x, y, yerr=error, **{**look, **options})


def sampler(
    axes: Axes, x: ArrayLike, y: ArrayLike, error: ArrayLike | None = None, **options: Any
) -> ErrorbarContainer:
    """Draw what the language model's sampler drew, open markers, and return them.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    x, y : (n,) array_like
        Places and heights, in the units of the axes.
    error : float, (n,) or (2, n) array_like, optional
        One standard deviation of `y`, in its unit; with two rows, below and above.
    **options
        Of Matplotlib's `errorbar`, over the style that is set here.

    Returns
    -------
    matplotlib ErrorbarContainer
        What was drawn.

    See Also
    --------
    law : What the law predicts: a line.
    simulation : What a simulation measured: points.

    Examples
    --------
    >>> axes = figure("Half as many a step").subplots()
    >>> markers = sampler(axes, [0, 1, 2], [0.98, 0.5, 0.26])
    >>> axes.lines[0].get_markerfacecolor()
    'none'
    """
    look = {"color": VERMILION, "linestyle": "none", "marker": "s", "markersize": 11, "zorder": 4}
    hollow = {"markerfacecolor": "none", "markeredgewidth": 2}
    return axes.errorbar(x, y, yerr=error, **{**look, **hollow, **options})


def unseen(axes: Axes, x: ArrayLike, below: ArrayLike, **options: Any) -> ErrorbarContainer:
    """Draw what was not seen once on a logarithmic axis, where 0 has no place: arrows downwards.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    x : (n,) array_like
        Places, in the units of the axis.
    below : float or (n,) array_like
        What was measured is less: of N draws 1/N, the share of an outcome that is seen once.
    **options
        Of Matplotlib's `errorbar`, over the style that is set here.

    Returns
    -------
    matplotlib ErrorbarContainer
        The arrows.

    See Also
    --------
    simulation : What a simulation measured: points.
    name_marks : Names for a legend.

    Examples
    --------
    >>> axes = figure("Of 100 draws no third level").subplots()
    >>> arrows = unseen(axes, [2], 1 / 100)
    >>> arrows.has_yerr
    True
    """
    height = np.broadcast_to(np.asarray(below, np.float64), np.shape(x))
    look = {"color": BLUE, "linestyle": "none", "marker": "_", "markersize": 12, "zorder": 3}
    return axes.errorbar(x, height, yerr=height / 2, uplims=True, **{**look, **options})


def name_marks(axes: Axes, **labels: str) -> None:
    """Name a line, points, open markers or arrows for a legend, in grey: they stand for no series.

    Parameters
    ----------
    axes : matplotlib Axes
        Whose legend is to name them.
    **labels
        By the name of a function of this module, `law`, `simulation`, `sampler` or `unseen`.

    Raises
    ------
    ValueError
        If a name is none of these.

    See Also
    --------
    law : What the law predicts: a line.
    unseen : What was not seen once: arrows.

    Examples
    --------
    >>> axes = figure("Half as many a step").subplots()
    >>> name_marks(axes, law="law: 1/2 to the power n", simulation="gas")
    >>> axes.get_legend_handles_labels()[1]
    ['law: 1/2 to the power n', 'gas']
    """
    marks: dict[str, Any] = {"law": law, "simulation": simulation, "sampler": sampler}
    for name, label in labels.items():
        if name == "unseen":
            simulation(axes, [], [], color=GREY, label=label, marker=r"$\downarrow$", markersize=14)
        elif name in marks:
            marks[name](axes, [], [], color=GREY, label=label)
        else:
            raise ValueError(f"labels: {name!r} is none of {[*marks, 'unseen']}")


def rendered(made: Figure, name: str) -> dict[str, bytes]:
    """Return the figure `made` as {"svg": bytes, "png": bytes}, reproducibly.

    The same figure gives the same bytes. `name` seeds the identifiers inside the SVG, so that
    figures on one page do not share any.

    Parameters
    ----------
    made : matplotlib Figure
        The figure.
    name : str
        Seeds the identifiers.

    Returns
    -------
    dict of str to bytes
        The files by their endings, "svg" and "png".

    See Also
    --------
    save : A figure as files.

    Examples
    --------
    >>> list(rendered(figure("Nothing yet"), "nothing"))
    ['svg', 'png']
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _settle(made)
        with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": name}):
            svg, png = io.BytesIO(), io.BytesIO()
            # A canvas draws once; `savefig` would draw a figure that has been laid out twice.
            canvases: Any = FigureCanvasSVG(made), FigureCanvasAgg(made)
            with _resolution(made, DPI):
                canvases[0].print_svg(svg, metadata={"Date": None, "Creator": None})
            with _resolution(made, DPI):
                canvases[1].print_png(png, metadata={"Software": None})
    _warn_once(name, [str(warning.message) for warning in caught])
    return {"svg": svg.getvalue(), "png": png.getvalue()}


def _settle(made: Figure) -> None:
    """Lay the figure out once and for all."""
    engine = made.get_layout_engine()
    if engine is not None and made.axes:
        engine.execute(made)
    made.set_layout_engine("none")
    # The last bit of a layout can depend on the addresses of objects, and names inside the SVG
    # depend on it.
    for part in made.subfigs:
        corners = np.round(part.bbox_relative.get_points(), 6)  # (2, 2), lower left and upper right
        part.bbox_relative.p0, part.bbox_relative.p1 = corners
    for axes in made.axes:
        left, bottom, width, height = (round(bound, 6) for bound in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


@contextmanager
def _resolution(made: Figure, dpi: float) -> Iterator[None]:
    """Give the figure `dpi` dots per inch inside the block."""
    before = made.dpi
    made.set_dpi(dpi)
    try:
        yield
    finally:
        made.set_dpi(before)


def _warn_once(name: str, messages: list[str]) -> None:
    """Warn of everything once, and of letters that the font lacks all together."""
    lacking = {message for message in messages if message.startswith("Glyph ")}
    if lacking:
        warnings.warn(
            f"{name}: the font lacks {len(lacking)} letters, drawn as boxes", stacklevel=3
        )
    for message in dict.fromkeys(message for message in messages if message not in lacking):
        warnings.warn(f"{name}: {message}", stacklevel=3)


def save(made: Figure, folder: str | Path, name: str) -> None:
    """Write the figure `made` into a folder, as `name`.svg and `name`.png.

    Parameters
    ----------
    made : matplotlib Figure
        The figure.
    folder : str or path
        A folder that exists.
    name : str
        The files' name without an ending.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to.

    See Also
    --------
    rendered : A figure as bytes.
    save_animation : Figures as a moving one.

    Examples
    --------
    >>> import tempfile
    >>> with style(), tempfile.TemporaryDirectory() as folder:
    ...     save(figure("Nothing yet"), folder, "nothing")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['nothing.png', 'nothing.svg']
    """
    for suffix, content in rendered(made, name).items():
        write_file(Path(folder) / f"{name}.{suffix}", content)


def save_animation(frames: Iterable[Figure], folder: str | Path, name: str) -> None:
    """Write `name`.gif into a folder: one frame for each figure, at half its size.

    The last frame is seen longer. The same figures give the same bytes. They may all be one figure,
    drawn on between two frames; its layout is that of the first. If it has artists with
    ``animated=True``, only these are drawn anew for each frame, above all others.

    Parameters
    ----------
    frames : iterable of matplotlib Figures
        At least one, all of one size.
    folder : str or path
        A folder that exists.
    name : str
        The file's name without its ending.

    Raises
    ------
    ValueError
        If there is no frame.
    OSError
        If the folder does not exist or cannot be written to.

    See Also
    --------
    save : A figure as files.

    Examples
    --------
    >>> import tempfile
    >>> with style(), tempfile.TemporaryDirectory() as folder:
    ...     save_animation([figure("Nothing"), figure("And now something")], folder, "something")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['something.gif']
    """
    images = list(_images(frames))
    if not images:
        raise ValueError("frames is empty: an animation has at least one")
    palette = images[len(images) // 2].quantize(_COLOURS, dither=Image.Dither.NONE)
    first, *others = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    durations = [_FRAME] * len(others) + [_REST]
    film = io.BytesIO()
    first.save(film, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)
    write_file(Path(folder) / f"{name}.gif", film.getvalue())


def _images(frames: Iterable[Figure]) -> Iterator[Image.Image]:
    """Yield each frame in coarse colours at half its size, laid out unless it has been."""
    canvas: Any = None
    for frame in frames:
        if not isinstance(frame.get_layout_engine(), PlaceHolderLayoutEngine):
            _settle(frame)
        moving = sorted(frame.findobj(Artist.get_animated), key=Artist.get_zorder)
        with _resolution(frame, DPI / 2):
            if canvas is None or canvas.figure is not frame or not moving:
                canvas = FigureCanvasAgg(frame)
                canvas.draw()  # leaves out what is animated
                still = canvas.copy_from_bbox(frame.bbox)
            canvas.restore_region(still)
            for artist in moving:
                artist.draw(canvas.get_renderer())
            image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        yield image.point(_SHADES * 3)
