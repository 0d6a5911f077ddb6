// All that the temperature drives: a gas on the levels of the chosen system, a sampler that draws from the same system,
// and the text. What has happened after so many sweeps depends on the seed and the settings, not on how time was cut
// into frames.

const HIGHEST = 4; // to which a level can be dragged
const DRAWS = 50, TEXT_LETTERS = 1; // a sweep
const LONGEST_TEXT = 2000; // letters

class World {
  constructor(state, model) {
    this.seed = state.seed;
    this.t = state.t;
    this.model = model;
    this.system = systemOf(state, model);
    this.closed = state.system === BOX;
    this.gas = this.closed
      ? new ClosedBox(state.each, PARTICLES, this.stream(1))
      : new Gas(this.system.energies, this.system.degeneracies, PARTICLES, this.stream(1));
    this.samplerRandom = this.stream(3);
    this.states = this.system.degeneracies.flatMap((g, level) => Array(g).fill(level));
    this.sweeps = 0;
    this.past = []; // earlier temperatures, each with the sweeps at its end
    this.retold = true; // by these and the settings
    this.done = { hops: 0, draws: 0, letters: 0 };
    this.settings();
    this.beginText(state.context);
  }

  stream(number) {
    return randomStream(this.seed, number);
  }

  setContext(context) {
    this.retold = false;
    this.beginText(context);
  }

  beginText(context) {
    this.textRandom = this.stream(4);
    this.textContext = this.model.encode(context);
    this.text = [...this.textContext].slice(-40).map((letter) => ({ id: letter.charCodeAt(0), given: true }));
    this.dropped = 0; // letters of the beginning that are no longer kept
  }

  // After a change the law is another one: a gas relaxes anew, and draws by another law do not count.
  settings() {
    const { energies, degeneracies } = this.system;
    this.changedAt = this.sweeps;
    this.law = this.closed ? lawOfBox(PARTICLES, this.gas.startEnergy) : lawOf(energies, degeneracies, this.t);
    this.relaxation = this.closed ? sweepsOfMeetings(PARTICLES) : sweepsToRelax(this.law.p, PARTICLES);
    if (this.closed) this.t = this.law.t;
    this.logits = this.states.map((level) => -energies[level]);
    this.drawn = new Int32Array(energies.length);
  }

  setTemperature(t) {
    if (this.closed) return; // nobody sets it
    const last = lastOf(this.past);
    if (this.sweeps > (last ? last[1] : 0)) this.past.push([this.t, this.sweeps]);
    this.t = t;
    this.settings();
  }

  moveLevel(level, energy) {
    this.retold = false;
    this.system.energies[level] = energy;
    this.gas.moveLevel(level, energy);
    this.settings();
  }

  get atEquilibrium() {
    return this.sweeps - this.changedAt >= this.relaxation;
  }

  advance(sweeps) {
    this.advanceTo(this.sweeps + sweeps);
  }

  // Go on until the gas has forgotten where it came from.
  settle() {
    this.advanceTo(Math.max(this.sweeps, Math.ceil(this.changedAt + this.relaxation)));
  }

  advanceTo(sweeps) {
    this.sweeps = sweeps;
    const due = (what, rate, since = 0) => {
      const count = Math.floor(Math.max(0, this.sweeps - since) * rate + 1e-9) - this.done[what];
      this.done[what] += count;
      return count;
    };
    this.gas.attempt(due("hops", this.closed ? PARTICLES / 2 : PARTICLES), this.t); // two have a part in a meeting
    const begun = this.closed ? Math.ceil(this.relaxation) : 0; // a box has no t before
    const draws = due("draws", DRAWS, begun), letters = due("letters", TEXT_LETTERS, begun);
    if (this.t < 0) return; // a model is sampled at a temperature of 0 or more
    for (let k = draws; k > 0; k--) this.drawn[this.states[pick(this.logits, this.t, this.samplerRandom.uniform())]]++;
    for (let k = letters; k > 0; k--) this.writeLetter();
  }

  // How surprising a letter is, in bits, is the model's own word: at t = 1, whatever the t it was drawn at.
  writeLetter() {
    const logits = this.model.logits(this.textContext);
    const id = pick(logits, this.t, this.textRandom.uniform());
    this.text.push({ id, bits: -logits[id] / Math.LN2 });
    this.textContext = (this.textContext + String.fromCharCode(id)).slice(-this.model.order);
    if (this.text.length <= LONGEST_TEXT) return;
    this.dropped += LONGEST_TEXT / 2;
    this.text.splice(0, LONGEST_TEXT / 2);
  }
}

// The chosen system, with energies of its own, for levels can be moved.
function systemOf(state, model) {
  if (state.system === LETTERS) return lettersByEnergy(model, state.context);
  if (state.system === BOX) {
    const energies = Array.from({ length: MOST_SEEN + 1 }, (_, held) => held);
    return { energies, degeneracies: energies.map(() => 1), endless: true };
  }
  if (state.system === OWN) return { energies: [...state.levels], degeneracies: [...state.degeneracies] };
  const { energies, degeneracies } = SYSTEMS[state.system];
  return { energies: [...energies], degeneracies: [...degeneracies] };
}

// The letters after a context at E = -log p, from the lowest energy up, which is from the likeliest down.
function lettersByEnergy(model, context) {
  const logits = model.logits(model.encode(context));
  const ids = logits.map((_, id) => id).sort((a, b) => logits[b] - logits[a]);
  const energies = ids.map((id) => -logits[id]);
  return { ids, energies, degeneracies: ids.map(() => 1), labels: ids.map((id) => shown(model.alphabet[id])) };
}

function shown(letter) {
  return { " ": "␣", "\n": "↵", "\t": "⇥" }[letter] ?? letter;
}

// With uniform proposals over K levels a start is forgotten as (1 - 1/w)^sweeps, w = K max p (J. S. Liu, Statistics
// and Computing 6, 113, 1996). At equilibrium less than √5/10 of N particles are left of it, a tenth of a standard error
// of the emptiest bin that the fit looks at, and less than one in a million gases has any left where a single one would
// be seen: beside an empty level, or one that holds nearly all.
function sweepsToRelax(p, particles) {
  const most = Math.max(...p), rate = -Math.log1p(-1 / (p.length * most));
  const seen = p.includes(0) || particles * (1 - most) < 5;
  return Math.log(particles / (seen ? 1e-6 : Math.sqrt(5) / 10)) / rate;
}

// Of what the squares of two molecules' quanta are above their mean at equilibrium a meeting takes a third, on average,
// and of higher powers more. In a sweep, half as many meetings as molecules, it falls by the factor exp(-1/3).
function sweepsOfMeetings(particles) {
  return 3 * Math.log((10 * particles) / Math.sqrt(5));
}
