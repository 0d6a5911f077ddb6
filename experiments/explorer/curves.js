// The second picture: entropy, mean energy and heat capacity against t, and a dot that rides along them.

const CURVES = [
  ["S", "entropy S", "nats"],
  ["U", "mean energy U", ""],
  ["C", "heat capacity C", ""],
];
const GRID = Array.from({ length: 161 }, (_, k) => COLDEST * (HOTTEST / COLDEST) ** (k / 160));
const SHOWN_TICKS = [0, 0.05, 0.2, 1, 5, 20, Infinity];
const END = 0.1; // of the width, from a limit to where the scale begins

// Return where on the axis t is, 0 to 1; the limits stand a little apart.
function placeOf(t) {
  if (t === 0) return 0;
  if (t === Infinity) return 1;
  const place = Math.log(t / COLDEST) / Math.log(HOTTEST / COLDEST);
  return END + (1 - 2 * END) * Math.min(1.01, Math.max(-0.01, place));
}

class CurvesPicture {
  constructor(container) {
    container.innerHTML = CURVES.map(
      ([key, name]) => `<figure><figcaption>${name} <output id="value-${key}"></output></figcaption>
        <div class="picture" id="curve-${key}"></div></figure>`,
    ).join("");
  }

  // Draw the curves of a system; only the dots move with t. A gas that was lifted may lie far above its curve.
  lay({ system: { energies, degeneracies }, gas }) {
    const laws = GRID.map((t) => lawOf(energies, degeneracies, t));
    const limits = [0, Infinity].map((t) => lawOf(energies, degeneracies, t));
    this.plots = CURVES.map(([key, name, unit], row) => {
      const box = document.getElementById(`curve-${key}`);
      const values = laws.map((law) => law[key]), ends = limits.map((law) => law[key]);
      const bottom = Math.min(0, ...ends), lifted = key === "U" && gas.work > 0 ? gas.energy() / PARTICLES : 0;
      const top = Math.max(...values, ...ends, lifted) || 1;
      const size = textSize();
      const last = row === CURVES.length - 1;
      const above = 12 + 0.1 * box.clientHeight; // room for the ring
      const width = box.clientWidth - 4.3 * size, height = box.clientHeight - (last ? 1.7 * size : 12) - above;
      const x = (t) => 3.5 * size + width * placeOf(t);
      const y = (value) => above + height * (1 - (value - bottom) / (top - bottom));
      const line = GRID.map((t, k) => `${x(t).toFixed(1)},${y(values[k]).toFixed(1)}`).join("L");
      const start = (k, t) => `M${x(t)},${y(ends[k])}`;
      box.innerHTML = `<svg role="img" aria-label="${name} against temperature">
        ${SHOWN_TICKS.map((t) => `<path class="grid" d="M${x(t)} 8V${above + height}"/>`).join("")}
        <path class="axis" d="M${x(0)} ${y(0)}H${x(Infinity)}"/>
        <text x="${2.6 * size}" y="${y(top) + 6}" text-anchor="end">${Number(top.toPrecision(2))}</text>
        <text x="${2.6 * size}" y="${y(0) + 4}" text-anchor="end">0</text>
        ${last ? SHOWN_TICKS.map((t) => `<text x="${x(t)}" y="${above + height + 1.3 * size}" text-anchor="middle">${showTemperature(t)}</text>`).join("") : ""}
        <path class="limit" d="${start(0, 0)}L${line.split("L")[0]}${start(1, Infinity)}L${line.split("L").at(-1)}"/>
        <path class="law" d="M${line}"/>
        <circle class="ring" r="10"/><circle class="dot" r="7"/></svg>`;
      return { key, unit, x, y, top, dot: box.querySelector(".dot"), ring: box.querySelector(".ring") };
    });
  }

  draw({ t, law, gas }) {
    for (const { key, unit, x, y, top, dot, ring } of this.plots) {
      dot.setAttribute("cx", x(t));
      dot.setAttribute("cy", y(law[key]));
      document.getElementById(`value-${key}`).value = `${Number(law[key].toPrecision(4))} ${unit}`;
      ring.setAttribute("visibility", key === "U" ? "visible" : "hidden");
      ring.setAttribute("cx", x(t));
      ring.setAttribute("cy", y(gas.energy() / gas.levels.length));
    }
  }
}
