// The dots: each particle has a seat in the bar of its row, and a colour by what it did since the frame before: it
// climbed, it fell, or it stayed. That is seen of its levels then and now, however many moves lie between.

const FLIGHT = 300; // milliseconds, at the usual speed
const LAYERS = 4; // of dots in flight, lest one colour always lie over the other

class Particles {
  constructor() {
    this.seat = new Uint16Array(PARTICLES);
    this.level = new Uint16Array(PARTICLES); // as seen in the frame before
    this.rise = new Float64Array(PARTICLES); // of the latest move that was seen
    this.began = new Float64Array(PARTICLES); // when it was
    this.startX = new Float32Array(PARTICLES);
    this.startY = new Float32Array(PARTICLES);
    this.moved = new Uint8Array(PARTICLES); // 1 in flight, 2 coloured until the next look
  }

  // Take seats anew, with nothing in flight.
  sit(gas, plan) {
    this.plan = plan;
    this.rows = plan.rows.map(() => []);
    this.level.set(gas.levels);
    this.level.forEach((level, particle) => this.takeSeat(particle, level));
    this.moved.fill(0);
  }

  takeSeat(particle, level) {
    const row = this.rows[this.plan.rowOf[level]];
    this.seat[particle] = row.length;
    row.push(particle);
  }

  // The last of the row takes the seat that becomes free.
  leaveSeat(particle, level) {
    const row = this.rows[this.plan.rowOf[level]], last = row.pop();
    if (last === particle) return;
    row[this.seat[particle]] = last;
    this.seat[last] = this.seat[particle];
  }

  // Look where the particles are; `flying` is false where they only change their colour.
  look(gas, now, flight, flying) {
    const { plan } = this;
    for (let particle = 0; particle < PARTICLES; particle++) {
      if (this.moved[particle] === 2) this.moved[particle] = 0;
      const from = this.level[particle], to = gas.levels[particle];
      if (from === to) continue;
      if (flying) this.keepPlace(particle, now, flight);
      this.rise[particle] = gas.energies[to] - gas.energies[from];
      this.moved[particle] = flying ? 1 : 2;
      this.began[particle] = now;
      this.level[particle] = to;
      if (plan.rowOf[from] === plan.rowOf[to]) continue;
      this.leaveSeat(particle, from);
      this.takeSeat(particle, to);
    }
  }

  // A new flight begins where the particle is now.
  keepPlace(particle, now, flight) {
    const x = this.seatX(particle), y = this.seatY(particle);
    const done = this.moved[particle] === 1 ? Math.min(1, Math.max(0, (now - this.began[particle]) / flight)) : 1;
    this.startX[particle] = x + (1 - done) * (this.startX[particle] - x);
    this.startY[particle] = y + (1 - done) * (this.startY[particle] - y);
  }

  // Seats fill a bar column by column.
  measure(unit, dot) {
    const lines = Math.max(1, Math.floor((this.plan.thick + 1) / (dot + 1)));
    const pitchX = (unit * lines) / PARTICLES;
    const narrow = Math.max(1, Math.min(dot, pitchX - 0.6)); // a dot of a crowded bar
    Object.assign(this, { lines, dot, narrow, pitchX, pitchY: (this.plan.thick + 1) / lines });
  }

  seatX(particle) {
    return this.plan.left + Math.floor(this.seat[particle] / this.lines) * this.pitchX;
  }

  seatY(particle) {
    const top = this.plan.y[this.plan.rowOf[this.level[particle]]] - this.plan.thick / 2;
    return top + (this.seat[particle] % this.lines) * this.pitchY;
  }

  draw(pen, colour, now, flight) {
    const dots = { gas: [] };
    for (let layer = 0; layer < LAYERS; layer++) Object.assign(dots, { [`out${layer}`]: [], [`into${layer}`]: [] });
    for (let particle = 0; particle < PARTICLES; particle++) {
      let x = this.seatX(particle), y = this.seatY(particle), name = "gas";
      if (this.moved[particle]) {
        const left = this.moved[particle] === 2 ? 0 : Math.min(1, 1 - (now - this.began[particle]) / flight);
        if (left <= 0 && this.moved[particle] === 1) this.moved[particle] = 0;
        else if (this.rise[particle] !== 0) name = this.rise[particle] > 0 ? "out" : "into";
        if (left > 0) {
          const slow = left * left * (3 - 2 * left);
          x += slow * (this.startX[particle] - x);
          y += slow * (this.startY[particle] - y);
        }
      }
      dots[name === "gas" ? name : name + (particle % LAYERS)].push(x, y);
    }
    for (const [name, xy] of Object.entries(dots)) {
      pen.fillStyle = colour[name.replace(/\d/, "")];
      const wide = name === "gas" ? this.narrow : this.dot;
      for (let k = 0; k < xy.length; k += 2) pen.fillRect(xy[k], xy[k + 1], wide, this.dot);
    }
  }
}
