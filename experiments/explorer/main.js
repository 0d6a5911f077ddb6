// The page: what a reader does changes the state, the state drives the world, and the world is drawn.

const SWEEPS_A_SECOND = 4; // at speed 1
const byId = (id) => document.getElementById(id);

class Explorer {
  constructor() {
    this.model = new NGram(TEXT, ORDER);
    this.check = selfCheck(GOLDEN, GOLDEN_BOXES, SYSTEMS, this.model);
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.levels = new LevelsPicture(byId("gas"));
    this.pictures = { bath: new CurvesPicture(byId("curves")), box: new BoxPicture(byId("curves")) };
    this.text = new TextPicture(byId("text"));
    fillIn(this);
    this.open(fromHash(location.hash));
    listen(this);
  }

  // Begin as a link says; one that names a number of sweeps shows the gas after them, paused.
  open(state) {
    this.state = state;
    byId("typed").value = showTemperature(state.t);
    readTyped(this, byId("typed"));
    this.restart();
    this.play(state.sweeps === null && !this.still.matches);
  }

  // Tell the world anew from its seed; where no sweeps are named, until it has settled, but for a closed box: there is
  // something to be seen.
  restart() {
    this.world = new World(this.state, this.model);
    for (const [t, until] of this.state.from) {
      this.world.setTemperature(t);
      this.world.advanceTo(until);
    }
    this.world.setTemperature(this.state.t);
    if (this.state.sweeps !== null) this.world.advanceTo(this.state.sweeps);
    else if (!this.world.closed) this.world.settle();
    this.layOut();
  }

  // The energies that the axis must hold.
  get highest() {
    return this.state.system === OWN ? HIGHEST : undefined;
  }

  get curves() {
    return this.pictures[this.world.closed ? "box" : "bath"];
  }

  layOut() {
    document.documentElement.dataset.theme = this.state.theme;
    document.documentElement.classList.toggle("lecture", this.state.lecture);
    document.documentElement.classList.toggle("closed", this.world.closed);
    showTour(this);
    showControls(this);
    this.levels.restyle();
    this.levels.lay(this.world, this.highest);
    this.curves.lay(this.world);
    this.text.lay(this.world);
    layHandles(this);
    this.draw();
  }

  // Where motion is to be reduced, play goes on by steps of a second.
  play(playing) {
    cancelAnimationFrame(this.request);
    clearInterval(this.steps);
    this.playing = playing;
    this.world.advanceTo(Math.ceil(this.world.sweeps)); // a link names whole sweeps
    byId("play").textContent = playing ? "Pause" : "Play";
    this.remember();
    if (playing && this.still.matches) this.steps = setInterval(() => this.jump(), 1000);
    else if (playing) {
      this.clock = performance.now();
      this.request = requestAnimationFrame((now) => this.frame(now));
    }
  }

  get flight() {
    return ((this.world.closed ? 0.6 : 2) * FLIGHT) / Math.sqrt(this.state.speed); // in a box all move in every sweep
  }

  frame(now) {
    const seconds = Math.min(0.1, Math.max(0, (now - this.clock) / 1000));
    this.clock = now;
    this.world.advance(seconds * SWEEPS_A_SECOND * this.state.speed);
    this.levels.look(this.world, now, seconds, this.flight, true);
    this.levels.draw(this.world, now, this.flight);
    if (now - (this.written ?? 0) > 150) this.drawWords(now);
    this.request = requestAnimationFrame((next) => this.frame(next));
  }

  // Go on for a second at once: nothing flies, but what moved is coloured.
  jump() {
    this.world.advance(SWEEPS_A_SECOND * this.state.speed);
    this.levels.look(this.world, performance.now(), 0, this.flight, false);
    this.draw();
  }

  step() {
    if (this.playing) this.play(false);
    this.jump();
    this.play(false);
    this.say();
  }

  settle() {
    this.world.settle();
    this.levels.look(this.world, performance.now(), 0, this.flight, false);
    this.draw();
    this.remember();
    this.say();
  }

  // From the seed, infinitely hot.
  reset() {
    const { playing } = this;
    this.set({ sweeps: 0, from: [] });
    this.play(playing);
  }

  // To another step of the tour; a page that was just opened shows the first.
  walk(direction) {
    const { tour, theme, lecture, seed } = this.state;
    const next = Math.min(TOUR.length, Math.max(1, (tour ?? 1) + direction));
    this.open({ ...defaults(next), theme, lecture, seed });
  }

  draw() {
    const now = performance.now();
    this.drawWords(now);
    this.levels.draw(this.world, now, this.flight);
  }

  // What needs no sixty frames a second.
  drawWords(now) {
    this.written = now;
    const { world } = this;
    this.levels.count(world);
    this.curves.draw(world);
    this.text.write(world);
    const words = {
      "gas-fit": fitInWords(world.gas.counts, world.law.p, world.sweeps - world.changedAt, world.relaxation, Number(world.closed)),
      "sampler-fit": samplerInWords(world),
      perplexity: perplexityInWords(world),
      "read-off": world.closed ? temperaturesOfBox(world) : temperaturesReadOff(world),
      ledger: ledger(world.gas, world.closed),
    };
    if (world.closed) showSlider(this);
    for (const [id, said] of Object.entries(words)) byId(id).textContent = said;
    this.levels.canvas.setAttribute("aria-label", this.summary());
  }

  summary() {
    const { names, shares } = this.levels;
    const rows = names.map((name, row) => `${name}: ${percent(shares[row].gas)}, law ${percent(shares[row].law)}`);
    return `${PARTICLES} particles. ${rows.join("; ")}`;
  }

  setTemperature(t) {
    if (t === this.state.t || this.world.closed) return;
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
    this.levels.follow(this.world, this.highest);
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
    this.changed();
  }

  // Anything that needs another gas begins anew from the seed; a paused page shows as many sweeps of it.
  set(changes) {
    Object.assign(this.state, changes);
    this.restart();
    this.changed();
  }

  // Another look of the same moment.
  restyle(changes) {
    Object.assign(this.state, changes);
    this.layOut();
    this.remember();
  }

  changed() {
    showControls(this);
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
      byId("live").textContent = `t = ${showTemperature(Number(t.toPrecision(6)))}: entropy ${law.S.toPrecision(3)}, mean energy ${law.U.toPrecision(3)}`;
    }, 700);
  }

  dark() {
    return this.state.theme ? this.state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
}

const explorer = new Explorer();
