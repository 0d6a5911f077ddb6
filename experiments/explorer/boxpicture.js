// The closed box's own pictures: its entropy against its energy, of which 1/t is the slope, and the logarithm of the
// shares, which falls by 1/t from each quantum to the next.

const BOX_PICTURES = [
  ["S", "entropy against energy"],
  ["log", "ln(share) against energy"],
];
const FEWEST = 25; // molecules of a level from which a slope is read

// Return t of the slope -1/t of ln(share), each level by the weight of its count, and its standard error; or null, where
// fewer than three levels hold enough.
function temperatureOfSlope(counts) {
  const seen = [...counts.keys()].filter((n) => counts[n] >= FEWEST && n < MOST_SEEN);
  if (seen.length < 3) return null;
  const total = sum(seen.map((n) => counts[n])), mean = (value) => sum(seen.map((n) => counts[n] * value(n))) / total;
  const n0 = mean((n) => n), log0 = mean((n) => Math.log(counts[n]));
  const spread = mean((n) => (n - n0) ** 2), t = -spread / mean((n) => (n - n0) * (Math.log(counts[n]) - log0));
  return { t, error: t ** 2 / Math.sqrt(total * spread) };
}

class BoxPicture {
  constructor(container) {
    this.container = container;
  }

  lay({ gas, law }) {
    this.container.innerHTML = figures(BOX_PICTURES);
    this.container.dataset.shows = "box";
    this.each = gas.startEnergy / PARTICLES;
    this.laySlope(law);
    this.layShares(law);
  }

  // S = ln Ω, of each molecule, and its tangent at the energy of this box.
  laySlope({ t }) {
    const { each } = this, most = 2 * each, S = (energy) => logArrangements(PARTICLES, Math.round(energy * PARTICLES)) / PARTICLES;
    const frame = new Frame(byId("curve-S"), [0, most], [0, 1.1 * S(most)]);
    const line = Array.from({ length: 61 }, (_, k) => [(most * k) / 60, S((most * k) / 60)]);
    const tangent = [-0.7, 0.7].map((part) => [each * (1 + part), S(each) + (part * each) / t]);
    frame.fill(BOX_PICTURES[0][1], [0, 1, 2, 3, 4, 5, 6, 8, 10].filter((tick) => tick <= most), [
      frame.path("tangent", tangent), frame.path("law", line),
      `<text class="slope" x="${frame.x(1.22 * each)}" y="${frame.y(0.72 * S(each))}">slope 1/t = ${(1 / t).toFixed(3)}</text>`,
      '<circle class="dot" r="6"/><circle class="ring" r="9"/>',
    ]);
    this.slope = frame;
    this.entropy = S(each);
  }

  layShares({ softmax }) {
    const seen = softmax.findIndex((share) => share * PARTICLES < 0.7), least = Math.log(0.5 / PARTICLES);
    const frame = new Frame(byId("curve-log"), [0, seen], [least, 0.5]);
    const line = softmax.slice(0, seen + 1).map((share, n) => [n, Math.max(least, Math.log(share))]);
    frame.fill(BOX_PICTURES[1][1], roundTicks(0, seen, 6), [frame.path("law", line), '<g class="held"></g>']);
    this.shares = { frame, seen };
  }

  draw({ gas, law, system }) {
    const counts = [...gas.counts], { S } = measuredOf(counts, system.energies, system.degeneracies, 1);
    const { slope, each, shares } = this;
    for (const [mark, value] of [["dot", this.entropy], ["ring", S]]) {
      const circle = slope.box.querySelector(`.${mark}`);
      circle.setAttribute("cx", slope.x(each));
      circle.setAttribute("cy", slope.y(value));
    }
    byId("value-S").value = this.entropy.toFixed(3);
    byId("gas-S").value = S.toFixed(3);
    const read = temperatureOfSlope(counts);
    byId("value-log").value = (-1 / law.t).toFixed(3).replace("-", "−");
    byId("gas-log").value = read === null ? "–" : (-1 / read.t).toFixed(3).replace("-", "−");
    shares.frame.box.querySelector(".held").innerHTML = counts.slice(0, shares.seen + 1)
      .map((count, n) => (count ? `<circle cx="${shares.frame.x(n)}" cy="${shares.frame.y(Math.log(count / PARTICLES))}" r="4"/>` : ""))
      .join("");
  }
}

// Axes in a box of the page.
class Frame {
  constructor(box, [left, right], [low, high]) {
    const size = textSize(), above = 10;
    const width = box.clientWidth - 4.3 * size, height = box.clientHeight - 1.7 * size - above;
    Object.assign(this, { box, size, low, high, left, right, floor: above + height });
    this.ticks = Math.max(1, height / (1.6 * size));
    this.x = (value) => 3.1 * size + (width * (value - left)) / (right - left);
    this.y = (value) => above + height * (1 - Math.min(1, Math.max(0, (value - low) / (high - low))));
  }

  path(kind, points) {
    return `<path class="${kind}" d="M${points.map(([x, y]) => `${this.x(x).toFixed(1)},${this.y(y).toFixed(1)}`).join("L")}"/>`;
  }

  fill(name, across, drawn) {
    const { box, size, floor } = this;
    box.innerHTML = `<svg role="img" aria-label="${name}">
      ${across.map((tick) => `<path class="grid" d="M${this.x(tick)} 8V${floor}"/><text x="${this.x(tick)}" y="${floor + 1.3 * size}" text-anchor="middle">${tick}</text>`).join("")}
      ${roundTicks(this.low, this.high, this.ticks).map((tick) => `<text x="${2.6 * size}" y="${this.y(tick) + 0.35 * size}" text-anchor="end">${showTemperature(tick)}</text>`).join("")}
      <path class="axis" d="M${this.x(this.left)} ${floor}H${this.x(this.right)}"/>
      ${drawn.join("")}</svg>`;
  }
}
