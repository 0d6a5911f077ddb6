// Entropy, mean energy and heat capacity against t: a dot rides along each, and a ring is what the gas has.

const CURVES = [
  ["S", "entropy S", "nats"],
  ["U", "mean energy U", ""],
  ["C", "heat capacity C", ""],
];
const ROOM = 1.15; // above the highest point, for a ring that chance lifts
const GRID = Array.from({ length: 161 }, (_, k) => COLDEST * (HOTTEST / COLDEST) ** (k / 160));
const SHOWN_TICKS = [0, 0.1, 1, 10, Infinity];
const END = 0.1; // of the width, from a limit to where the scale begins

// Return where on the axis t is, 0 to 1; the limits stand a little apart.
function placeOf(t) {
  if (t === 0) return 0;
  if (t === Infinity || t < 0) return 1;
  const place = Math.log(t / COLDEST) / Math.log(HOTTEST / COLDEST);
  return END + (1 - 2 * END) * Math.min(1.01, Math.max(-0.01, place));
}

// Places for pictures, each with what the law says and what the gas has.
function figures(pictures) {
  return pictures.map(
    ([key, name]) => `<figure><figcaption>${name} <span>law <output id="value-${key}">0.000</output> gas <output id="gas-${key}">0.000</output></span></figcaption>
      <div class="picture" id="curve-${key}"></div></figure>`,
  ).join("");
}

class CurvesPicture {
  constructor(container) {
    this.container = container;
  }

  // Draw the curves of a system; only dots and rings move with t.
  lay({ system: { energies, degeneracies } }) {
    if (this.container.dataset.shows !== "curves") this.container.innerHTML = figures(CURVES);
    this.container.dataset.shows = "curves";
    const laws = GRID.map((t) => lawOf(energies, degeneracies, t));
    const limits = [0, Infinity].map((t) => lawOf(energies, degeneracies, t));
    this.plots = CURVES.map(([key, name, unit], row) => {
      const box = document.getElementById(`curve-${key}`);
      const values = laws.map((law) => law[key]), ends = limits.map((law) => law[key]);
      const size = textSize(), last = row === CURVES.length - 1;
      const lowest = Math.min(0, ...ends), highest = Math.max(...values, ...ends) || 1;
      const above = 10, width = box.clientWidth - 4.3 * size;
      const height = box.clientHeight - (last ? 1.7 * size : 10) - above;
      const bottom = lowest, top = ROOM * highest;
      const ticks = roundTicks(bottom, top, Math.max(1, height / (1.3 * size)));
      const x = (t) => 3.1 * size + width * placeOf(t);
      // What lies beyond the scale is drawn at its edge.
      const y = (value) => above + height * (1 - Math.min(1, Math.max(0, (value - bottom) / (top - bottom))));
      const line = GRID.map((t, k) => `${x(t).toFixed(1)},${y(values[k]).toFixed(1)}`), ended = lastOf(line);
      const start = (k, t) => `M${x(t)},${y(ends[k])}`;
      box.innerHTML = `<svg role="img" aria-label="${name} against temperature">
        ${SHOWN_TICKS.map((t) => `<path class="grid" d="M${x(t)} 8V${above + height}"/>`).join("")}
        <path class="axis" d="M${x(0)} ${y(0)}H${x(Infinity)}"/>
        ${ticks.map((tick) => `<text x="${2.6 * size}" y="${y(tick) + 0.35 * size}" text-anchor="end">${tick}</text>`).join("")}
        ${last ? SHOWN_TICKS.map((t) => `<text x="${x(t)}" y="${above + height + 1.3 * size}" text-anchor="middle">${showTemperature(t)}</text>`).join("") : ""}
        <path class="limit" d="${start(0, 0)}L${line[0]}${start(1, Infinity)}L${ended}"/>
        <path class="law" d="M${line.join("L")}"/>
        <circle class="dot" r="6"/><circle class="ring" r="9"/></svg>`;
      return { key, unit, x, y, top, dot: box.querySelector(".dot"), ring: box.querySelector(".ring") };
    });
  }

  draw({ t, law, gas, system }) {
    const measured = measuredOf([...gas.counts], system.energies, system.degeneracies, t);
    for (const { key, unit, x, y, dot, ring } of this.plots) {
      dot.setAttribute("cx", x(t));
      dot.setAttribute("cy", y(law[key]));
      document.getElementById(`value-${key}`).value = `${law[key].toFixed(3)} ${unit}`;
      document.getElementById(`gas-${key}`).value = measured[key].toFixed(3);
      ring.setAttribute("visibility", key === "C" && t === 0 ? "hidden" : "visible");
      ring.setAttribute("cx", x(t));
      ring.setAttribute("cy", y(measured[key]));
    }
  }
}
