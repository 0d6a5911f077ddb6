// The first picture: particles on their levels, the heat that they trade with the bath, and how full the levels are.

const FLIGHT = 250; // milliseconds, at speed 1

// The size of small print, as in the stylesheet.
function textSize() {
  return 0.875 * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

class LevelsPicture {
  constructor(container) {
    this.container = container;
    this.canvas = container.querySelector("canvas");
    const random = randomStream(1, 0);
    const scatter = () => Float32Array.from({ length: PARTICLES }, random.uniform);
    this.across = scatter(); // where on its level a particle is drawn, 0 to 1
    this.above = scatter();
    this.from = new Uint16Array(PARTICLES);
    this.rise = new Float64Array(PARTICLES);
    this.left = new Float64Array(PARTICLES); // when the latest flight began
    this.forget();
    this.restyle();
  }

  // A flight is only drawn: the gas moved the particle at once.
  hop(particle, from, rise, now) {
    this.from[particle] = from;
    this.rise[particle] = rise;
    this.left[particle] = now;
    if (rise > 0) this.taken += rise;
    else this.given -= rise;
  }

  forget() {
    this.left.fill(-Infinity);
    this.taken = this.given = 0; // heat of the last second or so
  }

  fade(seconds) {
    this.taken *= Math.exp(-seconds);
    this.given *= Math.exp(-seconds);
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
    this.pen.font = `${this.size}px system-ui, sans-serif`;
    this.colour = {};
    for (const name of ["ink", "quiet", "line", "faint", "gas", "given", "taken", "ground"]) {
      this.canvas.style.color = `var(--${name})`;
      this.colour[name] = getComputedStyle(this.canvas).color;
    }
  }

  // Where things are: platforms for the levels above, the bath below them, bars with the same columns at the foot.
  lay({ energies }, highest) {
    const { size, width, height } = this;
    const foot = height - 1.5 * size;
    const bath = Math.round(height * 0.58);
    const pile = Math.min(64, height * 0.11);
    const lowest = Math.min(...energies), range = (highest ?? Math.max(...energies)) - lowest || 1;
    const first = 3.8 * size, step = (width - first) / energies.length;
    this.plan = {
      foot, bath, pile, lowest, range, first, step,
      barTop: bath + 4.8 * size,
      gap: Math.min(step * 0.14, 10),
      x: energies.map((_, i) => first + i * step),
      yOf: (energy) => bath - 12 - ((energy - lowest) / range) * (bath - 20 - pile),
    };
  }

  draw(world, now, speed) {
    const { pen, plan } = this;
    pen.clearRect(0, 0, this.width, this.height);
    const y = world.system.energies.map(plan.yOf);
    this.drawEnergies(world.system, y);
    this.drawBath(world.t);
    this.drawParticles(world.gas, y, now, FLIGHT / Math.sqrt(speed));
    this.drawBars(world);
  }

  drawEnergies({ energies, degeneracies }, y) {
    const { pen, plan, colour, size } = this;
    pen.fillStyle = colour.quiet;
    pen.textAlign = "right";
    const top = plan.lowest + plan.range;
    const ticks = [plan.lowest, (plan.lowest + top) / 2, top];
    for (const tick of ticks) pen.fillText(String(Number(tick.toPrecision(3))), plan.first - 0.5 * size, plan.yOf(tick) + 0.3 * size);
    pen.textAlign = "left";
    pen.fillText("energy", 0, plan.yOf(top) - 1.1 * size);
    pen.fillStyle = colour.ink;
    energies.forEach((_, i) => {
      // One piece for each of the states that share the level, where there is room to tell them apart.
      const pieces = degeneracies[i] * 4 < plan.step ? degeneracies[i] : 1;
      const wide = (plan.step - 2 * plan.gap) / pieces;
      const between = pieces > 1 ? Math.min(2, wide / 3) : 0;
      for (let k = 0; k < pieces; k++) pen.fillRect(plan.x[i] + plan.gap + k * wide, y[i], wide - between, 3);
    });
  }

  drawBath(t) {
    const { pen, plan, colour, size } = this;
    const high = 2.2 * size, middle = plan.bath + high / 2, arm = 0.9 * size;
    pen.fillStyle = colour.faint;
    pen.fillRect(0, plan.bath, this.width, high);
    pen.fillStyle = colour.ink;
    pen.textAlign = "left";
    pen.fillText(`heat bath, t = ${showTemperature(t)}`, 0.6 * size, middle + 0.35 * size, 0.52 * this.width - 2.3 * size);
    const total = this.taken + this.given;
    pen.strokeStyle = colour.ink;
    pen.lineWidth = 1.5;
    const arrows = [["given", 1, 0.52], ["taken", -1, 0.78]];
    for (const [name, direction, place] of arrows) {
      const x = this.width * place;
      const half = total > 0 ? (1.5 * size * this[name]) / total : 0; // of the width of the arrow
      pen.fillStyle = colour[name];
      pen.beginPath();
      pen.moveTo(x - half / 2, middle - direction * arm);
      pen.lineTo(x + half / 2, middle - direction * arm);
      pen.lineTo(x + half / 2, middle);
      pen.lineTo(x + half, middle);
      pen.lineTo(x, middle + direction * arm);
      pen.lineTo(x - half, middle);
      pen.lineTo(x - half / 2, middle);
      pen.closePath();
      pen.fill();
      if (half > 0) pen.stroke();
      pen.fillStyle = colour.ink;
      pen.fillText(name, x + 1.6 * size, middle + 0.35 * size);
    }
  }

  drawParticles(gas, y, now, flight) {
    const { pen, plan, colour } = this;
    const dot = Math.round(this.size / 5);
    const room = plan.step - 2 * plan.gap - dot;
    const most = Math.max(...gas.counts);
    const pile = Array.from(gas.counts, (count) => Math.max(4, (plan.pile * count) / most));
    const place = (particle, level) => [
      plan.x[level] + plan.gap + this.across[particle] * room,
      y[level] - dot - this.above[particle] * pile[level],
    ];
    const dots = { gas: [], taken: [], given: [] };
    for (let particle = 0; particle < gas.levels.length; particle++) {
      const [x1, y1] = place(particle, gas.levels[particle]);
      const done = (now - this.left[particle]) / flight;
      if (done >= 1) {
        dots.gas.push(x1, y1);
        continue;
      }
      const [x0, y0] = place(particle, this.from[particle]);
      const colourName = this.rise[particle] > 0 ? "taken" : "given";
      dots[colourName].push(x0 + done * (x1 - x0), y0 + done * (y1 - y0) - 60 * done * (1 - done));
      if (this.rise[particle] === 0) continue;
      // The heat of the hop, on its way between the level and the bath.
      if (this.rise[particle] > 0) dots.taken.push(x1, plan.bath + done * (y1 - plan.bath));
      else dots.given.push(x0, y0 + done * (plan.bath - y0));
    }
    for (const [name, xy] of Object.entries(dots)) {
      pen.fillStyle = colour[name];
      for (let k = 0; k < xy.length; k += 2) pen.fillRect(xy[k], xy[k + 1], dot, dot);
    }
  }

  drawBars({ gas, law, system }) {
    const { pen, plan, colour, size } = this;
    const total = gas.levels.length, room = plan.step - 2 * plan.gap;
    const most = Math.max(...law.p, ...Array.from(gas.counts, (count) => count / total));
    const top = Math.min(1, Math.ceil(most * 10) / 10);
    const yOf = (share) => plan.foot - (share / top) * (plan.foot - plan.barTop);
    pen.fillStyle = colour.quiet;
    pen.textAlign = "right";
    pen.fillText(`${Math.round(100 * top)} %`, plan.first - 0.5 * size, plan.barTop + 0.35 * size);
    pen.fillText("0", plan.first - 0.5 * size, plan.foot);
    pen.textAlign = "left";
    pen.fillText("share", 0, plan.barTop - 0.9 * size);
    gas.counts.forEach((count, i) => {
      const share = count / total, x = plan.x[i] + plan.gap, middle = x + room / 2;
      pen.fillStyle = colour.gas;
      pen.fillRect(x, yOf(share), room, plan.foot - yOf(share));
      pen.strokeStyle = colour.ink;
      pen.lineWidth = 2;
      pen.strokeRect(x, yOf(law.p[i]), room, plan.foot - yOf(law.p[i]));
      const error = 2 * Math.sqrt((share * (1 - share)) / total);
      pen.beginPath();
      pen.moveTo(middle, yOf(share + error));
      pen.lineTo(middle, yOf(Math.max(0, share - error)));
      for (const [name, wide] of [["ground", 5], ["ink", 2]]) { // an edge, to be seen on the bar
        pen.strokeStyle = colour[name];
        pen.lineWidth = wide;
        pen.stroke();
      }
    });
    pen.fillStyle = colour.quiet;
    pen.textAlign = "left";
    pen.fillText(system.labels ? "letter" : "level", 0, plan.foot + 1.15 * size);
    this.drawNames(system.labels ?? system.energies.map((_, i) => String(i)));
  }

  drawNames(names) {
    const { pen, plan, colour, size } = this;
    pen.fillStyle = colour.ink;
    pen.textAlign = "center";
    const every = Math.ceil((0.9 * size) / plan.step);
    names.forEach((name, i) => {
      if (i % every === 0) pen.fillText(name, plan.x[i] + plan.step / 2, plan.foot + 1.15 * size);
    });
  }
}
