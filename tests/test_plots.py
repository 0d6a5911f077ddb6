"""Figures: one look, and bytes that can be reproduced."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import CARETDOWNBASE, Line2D
from PIL import Image

from boltzmann import plots


def test_a_full_disk_leaves_a_figure_and_a_film_as_they_were(tmp_path):
    resource = pytest.importorskip("resource", reason="limits of file sizes are POSIX's")
    made = plots.figure("Whole")
    plots.save(made, tmp_path, "it")
    plots.save_animation([made], tmp_path, "it")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            plots.save(plots.figure("Half"), tmp_path, "it")
        with pytest.raises(OSError, match="too large"):
            plots.save_animation([plots.figure("Half")], tmp_path, "it")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def made() -> dict[str, bytes]:
    with plots.style():
        figure = plots.figure("A line, points and open markers")
        axes = figure.subplots()
        x = np.arange(5)
        plots.law(axes, x, x**2, label="law")
        plots.simulation(axes, x, x**2 + 0.5, 0.3, label="simulation")
        plots.sampler(axes, x, x**2 - 0.5, label="sampler")
        axes.legend()
        return plots.rendered(figure, "example")


def test_one_figure_has_one_set_of_bytes():
    assert made() == made()


def test_bytes_do_not_depend_on_the_users_own_settings():
    plain = made()
    with mpl.rc_context(
        {"font.size": 30, "svg.fonttype": "none", "savefig.dpi": 50, "lines.linewidth": 9}
    ):
        assert made() == plain


def test_a_png_has_the_pixels_of_a_projector(tmp_path):
    with plots.style():
        plots.save(plots.figure("Empty"), tmp_path, "empty")
    width, height = (
        int.from_bytes((tmp_path / "empty.png").read_bytes()[k : k + 4], "big") for k in (16, 20)
    )
    assert (width, height) == (1920, 1080)


def test_nothing_in_a_figure_tells_the_date_or_the_maker():
    files = made()
    assert b"<dc:date>" not in files["svg"]
    assert b"Software" not in files["png"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 12, 50])
def test_temperatures_have_different_colours(count):
    assert len(set(plots.cold_to_hot(count))) == count


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 12, 50])
def test_colours_run_from_blue_to_vermilion(count):
    colours = plots.cold_to_hot(count)
    assert mpl.colors.same_color(colours[0], plots.BLUE)
    assert mpl.colors.same_color(colours[-1], plots.VERMILION)
    red, _, blue = np.array([mpl.colors.to_rgb(colour) for colour in colours]).T
    assert np.all((blue > red)[: count // 2])
    assert np.all((red > blue)[-(count // 2) :])


@pytest.mark.parametrize("count", [0, -1, 2.0, None, True])
def test_a_number_of_colours_is_a_whole_number_of_at_least_one(count):
    with pytest.raises(ValueError, match=r"^count "):
        plots.cold_to_hot(count)


def relative_luminance(colour: str) -> float:
    channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_text_colours_stand_out_from_white():
    # Web Content Accessibility Guidelines 2.2, 1.4.3: 3 to 1 for large text.
    for colour in (plots.BLACK, plots.GREY, plots.BLUE, plots.VERMILION, plots.GREEN):
        assert 1.05 / (relative_luminance(colour) + 0.05) >= 3


def frames(count):
    figure = plots.figure("Counting")
    axes = figure.subplots()
    for k in range(count):
        axes.clear()
        plots.law(axes, [0, 1], [0, 1000**k])  # the labels of the axis grow
        yield figure


def test_an_animation_has_its_frames_one_size_one_layout_and_a_rest(tmp_path):
    plots.save_animation(frames(3), tmp_path, "counting")
    with Image.open(tmp_path / "counting.gif") as image:
        assert image.n_frames == 3
        assert image.size == (960, 540)
        durations, left = [], []
        for k in range(3):
            image.seek(k)
            durations.append(image.info["duration"])
            shades = np.asarray(image.convert("L"))
            left.append(int(np.argmax((shades < 100).mean(axis=0) > 0.5)))  # the axis of ordinates
        assert durations == [100, 100, 3000]
        assert len(set(left)) == 1
        assert shades[0, 0] == 255  # what is white stays white


def test_an_animation_has_the_same_bytes_again(tmp_path):
    for name in ("first", "second"):
        plots.save_animation(frames(2), tmp_path, name)
    assert (tmp_path / "first.gif").read_bytes() == (tmp_path / "second.gif").read_bytes()


def test_places_of_axes_and_subfigures_lack_the_last_bits_in_which_layouts_differ():
    made = plots.figure("Two parts, and axes in each")
    parts = made.subfigures(1, 2, width_ratios=[1.55, 1])
    for part in parts:
        part.subplots(1, 3)
    plots.rendered(made, "parts")
    for place in [*(p.bbox_relative for p in parts), *(a.get_position() for a in made.axes)]:
        corners = 1e6 * place.get_points()  # (2, 2)
        np.testing.assert_allclose(corners, np.round(corners), atol=1e-8)


class CountedLine(Line2D):
    """A line that counts how often it is drawn."""

    drawn = 0

    def draw(self, renderer):
        super().draw(renderer)
        self.drawn += 1


def growing(count, still, animated):
    """Yield a figure in which one line stands still and another one grows."""
    figure = plots.figure("Growing")
    axes = figure.subplots()
    axes.add_line(still)
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 10)
    for k in range(count):
        line = plots.law(axes, [2, 8], [5, k], animated=animated)
        yield figure
        line.remove()


def seen(path):
    """Return the pixels of all frames (n, height, width, 3)."""
    with Image.open(path) as image:
        frames = []
        for k in range(image.n_frames):
            image.seek(k)
            frames.append(np.asarray(image.convert("RGB")))
    return np.array(frames)


def test_what_stands_still_in_an_animation_is_drawn_once(tmp_path):
    lines = {animated: CountedLine([0, 10], [9, 9]) for animated in (False, True)}
    for animated, line in lines.items():
        plots.save_animation(growing(6, line, animated), tmp_path, str(animated))
    assert lines[False].drawn == 6
    assert lines[True].drawn == 1
    frames = seen(tmp_path / "True.gif")
    np.testing.assert_array_equal(frames, seen(tmp_path / "False.gif"))
    assert np.all((frames[1:] != frames[:-1]).any(axis=(1, 2, 3)))


def test_a_figure_is_drawn_once_for_each_file():
    figure = plots.figure("Once")
    line = CountedLine([0, 1], [0, 1])
    figure.subplots().add_line(line)
    assert len(plots.rendered(figure, "once")) == 2
    assert line.drawn == 2


def test_marks_are_returned_as_matplotlib_returns_them():
    axes = plots.figure("Marks").subplots()
    line = plots.law(axes, [0, 1], [0, 1])
    points = plots.simulation(axes, [0, 1], [0, 1], 0.1), plots.sampler(axes, [0, 1], [0, 1], 0.1)
    assert line in axes.lines
    for mark in (line, *points):
        mark.remove()
    assert not axes.get_legend_handles_labels()[0] and not list(axes.lines)


def test_an_animation_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="frames is empty"):
        plots.save_animation([], tmp_path, "nothing")


@pytest.mark.parametrize("title", ["One line", "Two lines\nof a title"])
def test_an_edge_stays_empty_and_the_title_keeps_off_the_axes(title):
    with plots.style():
        figure = plots.figure(title)
        axes = figure.subplots()
        axes.set(title="What is drawn", xlabel="across", ylabel="up")
        axes.legend(handles=[Line2D([], [], label="line")])
        png = plots.rendered(figure, "margins")["png"]
    with Image.open(io.BytesIO(png)) as image:
        inked = np.asarray(image.convert("L")) < 250
        for along in (0, 1):
            at = np.flatnonzero(inked.any(axis=along))
            assert min(at[0], inked.shape[1 - along] - 1 - at[-1]) >= 12
    renderer = FigureCanvasAgg(figure).get_renderer()
    above, below = (text.get_window_extent(renderer) for text in (figure._suptitle, axes.title))
    assert above.y0 >= below.y1


def test_what_was_not_seen_is_an_arrow_down_from_its_limit():
    axes = plots.figure("Nothing").subplots()
    axes.set_yscale("log")
    arrows = plots.unseen(axes, [1, 2], 1e-3, color=plots.GREEN)
    _, caps, (bars,) = arrows
    assert [line.get_ydata().tolist() for line in caps] == [[5e-4, 5e-4]]
    assert caps[0].get_marker() == CARETDOWNBASE
    np.testing.assert_allclose([bar[:, 1].max() for bar in bars.get_segments()], 1e-3)


def test_marks_are_named_in_grey_and_without_error_bars():
    axes = plots.figure("Names").subplots()
    plots.name_marks(axes, law="a", simulation="b", sampler="c", unseen="d")
    handles, labels = axes.get_legend_handles_labels()
    assert labels == ["a", "b", "c", "d"]
    lines = [handles[0], *(handle[0] for handle in handles[1:])]
    assert {line.get_color() for line in lines} == {plots.GREY}
    assert not any(handle.has_yerr or handle.has_xerr for handle in handles[1:])


def test_a_mark_of_another_name_is_refused():
    with pytest.raises(ValueError, match="'gas' is none of"):
        plots.name_marks(plots.figure("Names").subplots(), gas="simulation")
