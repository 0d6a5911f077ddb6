"""The page of the explorer: its sources in this folder, and what Python puts into them."""

import json
import math
import re
from pathlib import Path

from boltzmann import plots
from experiments.explorer.golden import (
    QUANTA,
    SYSTEMS,
    Golden,
    GoldenBox,
    Settings,
    golden_boxes,
    golden_values,
    text_of,
)
from experiments.shared.letters import usable_contexts

SOURCE = Path(__file__).parent
SCRIPTS = (  # in reading order
    *("random", "law", "counted", "metropolis", "box", "sampler", "model", "fit", "check"),
    *("measured", "temperature", "tour", "state", "world", "plan", "particles", "levels", "curves"),
    *("boxpicture", "text", "own", "words", "meanings", "controls", "main"),
)
PALETTE = ("blue", "sky", "green", "orange", "vermilion")


def filled(data: str) -> str:
    """Return the page with `data` as the constants of its script."""
    parts = {
        "colours": "\n".join(f"  --{name}: {getattr(plots, name.upper())};" for name in PALETTE),
        "style": (SOURCE / "style.css").read_text(encoding="utf-8"),
        "data": data,
        "script": "\n".join(
            (SOURCE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS
        ),
    }
    made = (SOURCE / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], made)


def data_of(config: Settings) -> str:
    """Return what Python knows, as JavaScript constants.

    Floats have one width, so that the page has one size.
    """
    text = text_of(config)
    systems = {
        name: {
            "energies": levels.energies.tolist(),
            "degeneracies": levels.degeneracies.astype(int).tolist(),
        }
        for name, levels in SYSTEMS.items()
    }

    constants = {
        "TEXT": text,
        "ORDER": config.order,
        "PARTICLES": config.particles,
        "SEED": config.seed,
        "CONTEXT": usable_contexts(config.contexts, text)[0],
        "SYSTEMS": systems,
        "QUANTA": QUANTA,
    }
    lines = [f"const {name} = {_literal(value)};" for name, value in constants.items()]
    lines += ["const GOLDEN = [", *map(_golden_line, golden_values(config)), "];"]
    lines += ["const GOLDEN_BOXES = [", *map(_golden_box, golden_boxes(config)), "];"]
    return "\n".join(lines)


def _golden_line(golden: Golden) -> str:
    values = ", ".join(_number(v) for v in (*golden.values.values(), *golden.p.tolist()))
    known = {"system": golden.system, "letters": golden.letters, "t": golden.temperature}
    counts = _literal(golden.counts.tolist())
    return f"  {{...{_literal(known)}, counts: {counts}, values: [{values}]}},"


def _golden_box(golden: GoldenBox) -> str:
    values = ", ".join(map(_number, (golden.temperature, golden.entropy, *golden.p.tolist())))
    known = {"particles": golden.particles, "energy": golden.energy}
    return f"  {{...{_literal(known)}, values: [{values}]}},"


def _number(value: float) -> str:
    return f"{value:.16e}" if math.isfinite(value) else _literal(value)


def _literal(value: object) -> str:
    """Return JavaScript: JSON with Infinity, and without the < that could end a script."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
