// The interface: what a reader does changes the state, the state drives the world, and the world is drawn.

const SWEEPS_A_SECOND = 4; // at speed 1
const byId = (id) => document.getElementById(id);

class Explorer {
  constructor() {
    this.model = new NGram(TEXT, ORDER);
    this.check = selfCheck(GOLDEN, SYSTEMS, this.model);
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.levels = new LevelsPicture(byId("gas"));
    this.curves = new CurvesPicture(byId("curves"));
    this.letters = new LettersPicture(byId("letters"), byId("text"));
    this.fillIn();
    this.listen();
    this.open(fromHash(location.hash));
  }

  // Begin as a link says; one that names a number of sweeps shows the gas after them, paused.
  open(state) {
    this.state = state;
    this.restart();
    byId("typed").value = showTemperature(state.t);
    this.readTyped(byId("typed"));
    this.play(state.sweeps === null && !this.still.matches);
  }

  restart() {
    this.world = new World(this.state, this.model);
    for (const [t, until] of this.state.from) {
      this.world.setTemperature(t);
      this.world.advanceTo(until);
    }
    this.world.setTemperature(this.state.t);
    this.world.advanceTo(this.state.sweeps ?? 0);
    this.levels.forget();
    this.layOut();
  }

  layOut() {
    document.documentElement.dataset.theme = this.state.theme;
    this.levels.restyle();
    this.levels.lay(this.world.system, this.state.system === OWN ? HIGHEST : null);
    this.curves.lay(this.world);
    this.letters.lay(this.world);
    layHandles(this);
    this.showControls();
    this.draw();
  }

  play(playing) {
    cancelAnimationFrame(this.request);
    this.playing = playing;
    this.world.advanceTo(Math.ceil(this.world.sweeps)); // a link names whole sweeps
    byId("play").textContent = playing ? "Pause" : "Play";
    this.remember();
    if (playing) {
      this.clock = performance.now();
      this.request = requestAnimationFrame((now) => this.frame(now));
    }
  }

  frame(now) {
    const seconds = Math.min(0.1, Math.max(0, (now - this.clock) / 1000));
    this.clock = now;
    this.levels.fade(seconds);
    this.world.advance(seconds * SWEEPS_A_SECOND * this.state.speed, (particle, from, to, rise) =>
      this.levels.hop(particle, from, rise, now),
    );
    this.levels.draw(this.world, now, this.state.speed);
    if (now - (this.written ?? 0) > 150) this.drawWords(now);
    this.request = requestAnimationFrame((next) => this.frame(next));
  }

  step() {
    if (this.playing) this.play(false);
    this.levels.forget();
    this.world.advance(SWEEPS_A_SECOND * this.state.speed, (particle, from, to, rise) =>
      this.levels.hop(particle, from, rise, -Infinity),
    );
    this.play(false);
    this.draw();
    this.say();
  }

  draw() {
    const now = performance.now();
    this.levels.draw(this.world, now, this.state.speed);
    this.drawWords(now);
  }

  // What needs no sixty frames a second.
  drawWords(now) {
    this.written = now;
    const { world } = this;
    this.curves.draw(world);
    this.letters.draw(world);
    this.letters.write(world);
    byId("gas-fit").textContent = fitInWords(world.gas.counts, world.law.p, world.sweeps - world.gasChangedAt, world.relaxation);
    byId("ledger").textContent = ledger(world.gas);
    byId("draws").textContent = `${sum([...world.drawn]).toLocaleString("en")} draws`;
    byId("letters-fit").textContent = lettersInWords(world);
    this.levels.canvas.setAttribute("aria-label", this.summary());
  }

  summary() {
    const { gas, law } = this.world;
    const shares = law.p.slice(0, 8).map((p, i) => `level ${i}: ${percent(gas.counts[i] / PARTICLES)}, law ${percent(p)}`);
    return `${PARTICLES} particles. ${shares.join("; ")}`;
  }

  setTemperature(t) {
    if (t === this.state.t) return;
    this.state.t = t;
    this.world.advanceTo(Math.ceil(this.world.sweeps * 1000) / 1000); // a link names the sweeps of a change by thousandths
    this.world.setTemperature(t);
    this.changed();
  }

  setLevel(level, energy) {
    const rounded = Math.min(HIGHEST, Math.max(0, Math.round(energy * 20) / 20));
    if (rounded === this.state.levels[level]) return;
    this.state.levels[level] = rounded;
    this.world.moveLevel(level, rounded);
    this.curves.lay(this.world);
    placeHandles(this);
    this.changed();
  }

  setContext(context) {
    if (this.state.system === LETTERS || !this.playing) {
      this.set({ context });
      return;
    }
    this.state.context = context;
    this.world.setContext(context);
    this.letters.lay(this.world);
    this.changed();
  }

  // Anything that needs another gas begins anew from the seed; a paused page shows as many sweeps of it.
  set(changes) {
    Object.assign(this.state, changes);
    this.restart();
    this.changed();
  }

  changed() {
    this.showControls();
    this.draw();
    this.remember();
    this.say();
  }

  // Keep the link in step, though not faster than browsers allow; where it cannot lead to this moment, say so.
  remember() {
    const { sweeps, past, retold } = this.world;
    const linked = retold && sweeps <= MOST_SWEEPS && past.length <= MOST_CHANGES;
    this.state.sweeps = this.playing ? null : Math.min(MOST_SWEEPS, sweeps);
    this.state.from = this.playing || !linked ? [] : past;
    byId("unlinked").textContent = this.playing || linked ? "" : "No link leads to this moment.";
    const link = toHash(linked ? this.state : { ...this.state, sweeps: null });
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => history.replaceState(null, "", link), 200);
  }

  // Tell those who listen, once the slider rests.
  say() {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      const { t, law } = this.world;
      byId("live").textContent = `t = ${showTemperature(t)}: entropy ${law.S.toPrecision(3)}, mean energy ${law.U.toPrecision(3)}`;
    }, 700);
  }

  showControls() {
    const { state } = this;
    byId("slider").value = positionOf(state.t);
    byId("slider").setAttribute("aria-valuetext", `t = ${showTemperature(state.t)}`);
    const fields = { typed: showTemperature(state.t), system: state.system, context: state.context };
    Object.assign(fields, { seed: state.seed, speed: state.speed });
    for (const [id, value] of Object.entries(fields)) if (document.activeElement !== byId(id)) byId(id).value = value;
    const unknown = [...new Set(state.context)].filter((letter) => !this.model.ids.has(letter));
    const named = unknown.slice(0, 5).map((letter) => `“${letter}”`).join(", ") + (unknown.length > 5 ? ", …" : "");
    byId("unknown").textContent = unknown.length ? `The model has never seen ${named}: left out.` : "";
    byId("hint").hidden = state.system !== OWN;
    byId("theme").textContent = this.dark() ? "Light" : "Dark";
    byId("play").disabled = this.still.matches;
    byId("still").textContent = this.still.matches ? "Your system asks for reduced motion: Step moves on." : "";
  }

  dark() {
    return this.state.theme ? this.state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  fillIn() {
    byId("slider").max = LAST;
    byId("ticks").innerHTML = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, Infinity]
      .map((t) => `<span style="--place:${positionOf(t) / LAST}">${showTemperature(t)}</span>`)
      .join("");
    byId("system").innerHTML = [...Object.keys(SYSTEMS), LETTERS].map((name) => `<option>${name}</option>`).join("");
    byId("speed").innerHTML = SPEEDS.map((speed) => `<option value="${speed}">× ${speed}</option>`).join("");
    for (const place of document.querySelectorAll(".particles")) place.textContent = PARTICLES.toLocaleString("en");
    const { agrees, compared, worst, where } = this.check;
    byId("check").textContent = agrees
      ? `✓ Self-check: ${compared} numbers agree with Python’s to 1e-12 (largest difference ${worst.toPrecision(1)}).`
      : `✗ Self-check FAILS: ${where} differs from Python’s numbers by ${worst.toPrecision(2)}.`;
  }

  listen() {
    byId("slider").addEventListener("input", (event) => this.setTemperature(temperatureAt(Number(event.target.value))));
    byId("typed").addEventListener("input", (event) => this.readTyped(event.target));
    byId("typed").addEventListener("change", (event) => {
      event.target.value = showTemperature(this.state.t);
      this.readTyped(event.target);
    });
    byId("play").addEventListener("click", () => this.play(!this.playing));
    byId("step").addEventListener("click", () => this.step());
    byId("reset").addEventListener("click", () => this.set({ sweeps: this.playing ? null : 0, from: [] }));
    byId("speed").addEventListener("change", (event) => {
      this.state.speed = Number(event.target.value);
      this.remember();
    });
    byId("system").addEventListener("change", (event) => this.set({ system: event.target.value }));
    byId("context").addEventListener("input", (event) => this.setContext(event.target.value));
    byId("seed").addEventListener("input", (event) => {
      if (/^\d{1,15}$/.test(event.target.value)) this.set({ seed: Number(event.target.value) });
    });
    byId("seed").addEventListener("change", (event) => (event.target.value = this.state.seed));
    byId("theme").addEventListener("click", () => {
      this.state.theme = this.dark() ? "light" : "dark";
      this.layOut();
      this.remember();
    });
    window.addEventListener("hashchange", () => this.open(fromHash(location.hash)));
    const resized = new ResizeObserver(() => this.layOut());
    for (const id of ["gas", "curves", "letters"]) resized.observe(byId(id));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.layOut());
    this.still.addEventListener("change", () => {
      this.play(false);
      this.showControls();
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  // On the slider or with nothing in focus arrows move t; with nothing in focus the space bar plays. Where the page is
  // one to scroll, with nothing in focus they scroll.
  key(event) {
    const nowhere = event.target === document.body && !matchMedia("(max-width: 1100px)").matches;
    if (!(nowhere || event.target === byId("slider")) || event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (direction) this.setTemperature(neighbourOf(this.state.t, direction));
    else if (nowhere && event.key === " " && !byId("play").disabled) this.play(!this.playing);
    else return;
    event.preventDefault();
  }

  readTyped(field) {
    const t = readTemperature(field.value);
    field.setAttribute("aria-invalid", String(t === null));
    byId("problem").textContent = t === null ? "A temperature is a number from 0 on, or ∞ (type inf)." : "";
    if (t !== null) this.setTemperature(t);
  }
}

const explorer = new Explorer();
