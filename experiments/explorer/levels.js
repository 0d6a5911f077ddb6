// The picture: levels at their energies, particles on them as bars of dots, the law as outlines, the sampler as
// diamonds, and the bath below with the heat that flows into it and out of it.

const COLOURS = ["ink", "quiet", "line", "faint", "gas", "into", "out", "ground", "sampler"];

// The size of small print, as in the stylesheet.
function textSize() {
  return 0.875 * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

// Return the end of a scale of shares that holds the largest one.
function scaleOfShares(largest) {
  return [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1].find((top) => top >= Math.min(1, 1.04 * largest));
}

class LevelsPicture {
  constructor(container) {
    this.container = container;
    this.canvas = container.querySelector("canvas");
    this.particles = new Particles();
    this.restyle();
  }

  // Fit the canvas to the page, and ask the stylesheet for colours that a canvas can use.
  restyle() {
    const scale = window.devicePixelRatio;
    this.width = this.container.clientWidth;
    this.height = this.container.clientHeight;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.pen = this.canvas.getContext("2d");
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.size = textSize();
    this.colour = {};
    for (const name of COLOURS) {
      this.canvas.style.color = `var(--${name})`;
      this.colour[name] = getComputedStyle(this.canvas).color;
    }
  }

  lay(world, highest) {
    this.plan = new Plan(world.system, this.width, this.height, this.size, highest);
    this.particles.sit(world.gas, this.plan);
    this.heat = { into: world.gas.given, out: world.gas.taken, recent: { into: 0, out: 0 } };
    this.count(world);
  }

  // A level was moved: rows and marks follow.
  follow(world, highest) {
    const { heat } = this;
    this.lay(world, highest);
    this.heat = heat;
  }

  // The numbers beside the rows are those of the latest count, so that they can be read.
  count({ gas, law, drawn, system }) {
    const draws = sum([...drawn]);
    const total = (values, levels) => sum(levels.map((level) => values[level]));
    this.shares = this.plan.rows.map((levels) => ({
      gas: total(gas.counts, levels) / PARTICLES,
      law: total(law.p, levels),
      sampler: draws ? total(drawn, levels) / draws : NaN,
    }));
    this.names = this.plan.rows.map(([level], row) => {
      if (row === this.plan.others) return system.endless ? `${row} or more` : `${system.energies.length - row} others`;
      return system.labels ? system.labels[level] : String(level);
    });
  }

  // See what the particles did, and the heat that they traded; older heat fades.
  look({ gas }, now, seconds, flight, flying) {
    this.particles.look(gas, now, flight, flying);
    const { heat } = this, left = flying ? Math.exp(-seconds) : 0;
    heat.recent.into = heat.recent.into * left + gas.given - heat.into;
    heat.recent.out = heat.recent.out * left + gas.taken - heat.out;
    heat.into = gas.given;
    heat.out = gas.taken;
  }

  draw(world, now, flight) {
    const { pen } = this;
    pen.clearRect(0, 0, this.width, this.height);
    const rows = this.shares.map(({ law }, row) => [law, sum(this.plan.rows[row].map((level) => world.gas.counts[level])) / PARTICLES]);
    this.top = scaleOfShares(Math.max(...rows.flat(), ...this.shares.map(({ sampler }) => sampler || 0)));
    this.unit = this.plan.width / this.top; // the width of a share of 1
    this.particles.measure(this.unit, Math.max(2, Math.round(this.size / 5)));
    this.drawAxis(world.system);
    this.drawScale();
    this.drawBath(world);
    this.particles.draw(pen, this.colour, now, flight);
    rows.forEach(([law, gas], row) => this.drawRow(row, law, gas));
  }

  write(text, x, y, { align = "left", ink = "ink", font = "system-ui, sans-serif", weight = "" } = {}, most = undefined) {
    this.pen.font = `${weight} ${this.size}px ${font}`;
    this.pen.textAlign = align;
    this.pen.fillStyle = this.colour[ink];
    this.pen.fillText(text, x, y + 0.35 * this.size, most);
  }

  line(path, ink, wide) {
    const { pen } = this;
    pen.strokeStyle = this.colour[ink];
    pen.lineWidth = wide;
    pen.beginPath();
    for (const [x, y, ...rest] of path) {
      pen.moveTo(x, y);
      for (let k = 0; k < rest.length; k += 2) pen.lineTo(rest[k], rest[k + 1]);
    }
    pen.stroke();
  }

  // Marks stand at the energies, one piece for each state of a level where there is room to tell them apart.
  drawAxis({ energies, degeneracies, labels }) {
    const { plan, size } = this;
    this.write(labels ? "E = −log p" : "energy E", 0, 0.6 * size, { ink: "quiet" });
    const x = plan.axis;
    const end = plan.others === null ? plan.head : plan.head + 2 * plan.thick;
    this.line([[x, end, x, plan.foot]], "line", 1);
    const ticks = roundTicks(plan.lowest, plan.highest, Math.max(3, (plan.foot - plan.head) / (5 * size)));
    for (const tick of ticks) {
      this.line([[x - 0.3 * size, plan.yOf(tick), x, plan.yOf(tick)]], "line", 1);
      this.write(String(tick), x - 0.5 * size, plan.yOf(tick), { align: "right", ink: "quiet" });
    }
    plan.rows.forEach(([level], row) => {
      if (row === plan.others) return;
      const y = plan.yOf(energies[level]), pieces = degeneracies[level] * 4 < plan.mark ? degeneracies[level] : 1;
      const wide = plan.mark / pieces, between = pieces > 1 ? Math.min(2, wide / 3) : 0;
      this.line(Array.from({ length: pieces }, (_, k) => [x + 3 + k * wide, y, x + 3 + (k + 1) * wide - between, y]), "ink", 2.5);
      this.line([[x + 3 + plan.mark, y, plan.name - 0.4 * size, plan.y[row]]], "line", 1);
    });
  }

  // The scale of shares below the rows, and the heads of the columns above them.
  drawScale() {
    const { plan, size, top } = this;
    const ticks = roundTicks(0, top, Math.max(1, plan.width / (5 * size)));
    for (const tick of ticks) {
      const x = plan.left + tick * this.unit;
      this.line([[x, plan.head - 0.4 * size, x, plan.foot]], "faint", 1);
      this.write(`${Number((100 * tick).toPrecision(3))} %`, x, plan.foot + 0.9 * size, { align: "center", ink: "quiet" });
    }
    this.write("share in %", plan.left, 0.6 * size, { ink: "quiet" });
    plan.columns.forEach((name, k) => {
      this.write(name, plan.ends[k], 0.6 * size, { align: "right", ink: "quiet" });
      if (!plan.small) this.drawMark(name, plan.ends[k] - this.pen.measureText(name).width - 0.9 * size, 0.6 * size);
    });
  }

  // What stands for gas, law and sampler in the rows.
  drawMark(name, x, y) {
    const { pen, size, colour } = this, r = 0.36 * size;
    if (name === "sampler") return this.line([[x, y - r, x + r, y, x, y + r, x - r, y, x, y - r]], "sampler", 2.5);
    pen.fillStyle = pen.strokeStyle = colour[name === "gas" ? "gas" : "ink"];
    pen.lineWidth = 2;
    if (name === "gas") pen.fillRect(x - r, y - r, 2 * r, 2 * r);
    else pen.strokeRect(x - r, y - r, 2 * r, 2 * r);
    return undefined;
  }

  drawRow(row, law, gas) {
    const { pen, plan, size } = this;
    const y = plan.y[row], half = plan.thick / 2, at = (share) => plan.left + share * this.unit;
    const mono = row === plan.others ? {} : { font: 'ui-monospace, "DejaVu Sans Mono", monospace', weight: "bold" };
    if (row === plan.others) this.write(this.names[row], plan.left - 0.75 * size, y, { align: "right", ink: "quiet" });
    else this.write(this.names[row], plan.name, y, mono);
    pen.strokeStyle = this.colour.ink;
    pen.lineWidth = 2;
    pen.strokeRect(plan.left, y - half - 1, law * this.unit, 2 * half + 2);

    // Two standard errors of the gas, with an edge to be seen on the bar.
    const error = 2 * Math.sqrt((gas * (1 - gas)) / PARTICLES);
    const whisker = [[at(Math.max(0, gas - error)), y, at(gas + error), y]];
    if (error > 0) for (const [ink, wide] of [["ground", 5], ["ink", 2]]) this.line(whisker, ink, wide);

    const shares = this.shares[row];
    if (!Number.isNaN(shares.sampler)) {
      const x = at(shares.sampler), r = Math.min(half, 0.5 * size);
      for (const [ink, wide] of [["ground", 5], ["sampler", 2.5]])
        this.line([[x, y - r, x + r, y, x, y + r, x - r, y, x, y - r]], ink, wide);
    }
    plan.columns.forEach((name, k) => {
      const text = Number.isNaN(shares[name]) ? "–" : (100 * shares[name]).toFixed(1);
      this.write(text, plan.ends[k], y, { align: "right", ink: name === "law" ? "ink" : "quiet" });
    });
  }

  // What lies below the rows: the bath, or the wall of a closed box with what is inside.
  drawBath({ t, closed, gas }) {
    const { pen, plan, colour, size } = this;
    const high = this.height - plan.bath, middle = plan.bath + high / 2, arm = 0.8 * size;
    pen.fillStyle = colour.faint;
    pen.fillRect(0, plan.bath, this.width, high);
    const { small } = plan;
    const held = closed ? `${gas.energy().toLocaleString("en")} quanta` : "";
    if (closed) this.wall(plan.bath, high);
    const name = closed ? held + (small ? "" : ", as at first") : small ? "bath" : `heat bath at t = ${showTemperature(t)}`;
    this.write(name, 0.6 * size, middle);
    const { into, out } = this.heat.recent, total = into + out;
    const places = !small ? [0.42, 0.7] : closed ? [0.37, 0.73] : [0.22, 0.6];
    const arrows = [["into", 1, places[0]], ["out", -1, places[1]]];
    for (const [name, direction, place] of arrows) {
      const x = this.width * place, half = total > 0 ? (1.3 * size * this.heat.recent[name]) / total : 0;
      const tip = middle + direction * arm, tail = middle - direction * arm;
      pen.fillStyle = colour[name];
      pen.beginPath();
      const corners = [[-half / 2, tail], [half / 2, tail], [half / 2, middle], [half, middle], [0, tip], [-half, middle], [-half / 2, middle]];
      for (const [dx, y] of corners) pen.lineTo(x + dx, y);
      pen.closePath();
      pen.fill();
      pen.strokeStyle = colour.ink;
      pen.lineWidth = 1.5;
      if (half > 0) pen.stroke();
      const said = closed ? { into: "given away", out: "received" } : { into: "into the bath", out: "out of the bath" };
      this.write(said[name], x + 1.5 * size, middle);
    }
  }

  wall(top, high) {
    this.pen.strokeStyle = this.colour.ink;
    this.pen.lineWidth = 3;
    this.pen.strokeRect(1.5, top + 1.5, this.width - 3, high - 3);
  }
}
