"""What each lesson leans on, as a drawing: the course's Mermaid graph as SVG, without a script.

A lesson stands one column to the right of the last that it leans on. An arrow that others imply is
left out.
"""

import re
from itertools import product

_GRAPH = re.compile(r"```mermaid\n(.*?)\n```", flags=re.DOTALL)
WIDTH, HEIGHT = 122, 28  # of a lesson, in pixels
STEP_RIGHT, STEP_DOWN = 154, 40  # from one to the next
ROUNDS = 20  # of moving each lesson near the others that it is joined to; it takes fewer

Graph = dict[str, set[str]]  # what each lesson leans on


def course_map(text: str) -> str:
    """Return a text with its Mermaid graph drawn."""
    return _GRAPH.sub(lambda match: drawn(graph(match[1])), text)


def graph(mermaid: str) -> Graph:
    """Return what each lesson leans on, less what others that it leans on lean on themselves."""
    arrows = re.findall(r"(\w+) --> (\w+)", mermaid)
    leans: Graph = {name: set() for arrow in arrows for name in arrow}
    for before, after in arrows:
        leans[after].add(before)

    def behind(name: str) -> set[str]:
        return leans[name].union(*map(behind, leans[name]))

    return {name: needs - set().union(*map(behind, needs)) for name, needs in leans.items()}


def places(leans: Graph) -> dict[str, tuple[int, float]]:
    """Return the column and the row of each lesson, near what it leans on and what leans on it."""

    def column(name: str) -> int:
        return max((column(before) + 1 for before in leans[name]), default=0)

    columns: dict[int, list[str]] = {}
    for name in leans:
        columns.setdefault(column(name), []).append(name)
    tallest = max(map(len, columns.values()))
    row = {name: float(k) for names in columns.values() for k, name in enumerate(names)}

    followers = {name: {n for n, needs in leans.items() if name in needs} for name in leans}
    for _, names in product(range(ROUNDS), columns.values()):
        mean = {n: _mean([row[near] for near in leans[n] | followers[n]], row[n]) for n in names}
        first = (tallest - len(names)) / 2
        row |= {name: first + k for k, name in enumerate(sorted(names, key=mean.__getitem__))}
    return {name: (at, row[name]) for at, names in columns.items() for name in names}


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def drawn(leans: Graph) -> str:
    """Return a graph as HTML, each lesson a link to its page."""
    where = {
        name: (8 + at * STEP_RIGHT, 8 + row * STEP_DOWN)
        for name, (at, row) in places(leans).items()
    }
    width = max(x for x, _ in where.values()) + WIDTH + 8
    height = max(y for _, y in where.values()) + HEIGHT + 8
    lines = [_arrow(where[before], where[name]) for name in leans for before in sorted(leans[name])]
    boxes = [_box(name, *where[name]) for name in leans]
    return (
        f'<div class="course-map"><svg viewBox="0 0 {width} {height:g}" '
        f'role="img" aria-label="Which lessons each lesson leans on">\n'
        + "\n".join(lines + boxes)
        + "\n</svg></div>"
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (to_x, to_y) = start, end
    x, y, to_y = x + WIDTH, y + HEIGHT / 2, to_y + HEIGHT / 2
    bend = (STEP_RIGHT - WIDTH) * 0.9
    return (
        f'<path d="M{x:g},{y:g} C{x + bend:g},{y:g} {to_x - bend:g},{to_y:g} {to_x:g},{to_y:g}"/>'
    )


def _box(name: str, x: float, y: float) -> str:
    box = f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
    middle, line = x + WIDTH / 2, y + HEIGHT / 2 + 4
    text = f'<text x="{middle:g}" y="{line:g}">{name.replace("_", " ")}</text>'
    return f'<a href="{name}.html">{box}{text}</a>'
