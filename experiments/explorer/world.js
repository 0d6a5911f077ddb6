// All that the temperature drives: the gas of the chosen system, the gas of letters, the sampler and the text.
// What has happened after so many sweeps depends on the seed and the settings, not on how time was cut into frames.

const HIGHEST = 4; // to which a level can be dragged
const LETTER_SWEEPS = 10; // of the gas of letters in one sweep of the other, for it has more levels to find
const DRAWS = 200, TEXT_LETTERS = 3; // a sweep
const LONGEST_TEXT = 300; // letters

class World {
  constructor(state, model) {
    const system = state.system === LETTERS ? lettersByEnergy(model, state.context) : SYSTEMS[state.system];
    this.seed = state.seed;
    this.t = state.t;
    this.model = model;
    this.system = { ...system, energies: [...(state.system === OWN ? state.levels : system.energies)] };
    this.gas = new Gas(this.system.energies, this.system.degeneracies, PARTICLES, this.stream(1));
    this.sweeps = 0;
    this.past = []; // earlier temperatures, each with the sweeps at its end
    this.retold = true; // by these and the settings
    this.done = { hops: 0, letterHops: 0, draws: 0, letters: 0 };
    this.settleGas();
    this.layLetters(state.context);
  }

  stream(number) {
    return randomStream(this.seed, number);
  }

  setContext(context) {
    this.retold = false;
    this.layLetters(context);
  }

  layLetters(context) {
    const { energies, degeneracies } = (this.letterLevels = lettersAsLevels(this.model, context));
    this.letterGas = new Gas(energies, degeneracies, PARTICLES, this.stream(2));
    this.samplerRandom = this.stream(3);
    this.textRandom = this.stream(4);
    this.textContext = this.model.encode(context);
    this.logits = this.model.logits(this.textContext);
    this.text = [...this.textContext].slice(-40).map((letter) => ({ id: letter.charCodeAt(0), given: true }));
    this.settleLetters();
  }

  // After a change the law is another one, and a gas relaxes anew.
  settleGas() {
    this.gasChangedAt = this.sweeps;
    this.law = lawOf(this.system.energies, this.system.degeneracies, this.t);
    this.relaxation = sweepsToRelax(this.law.p, PARTICLES);
  }

  // Letters that were drawn by another law do not count.
  settleLetters() {
    this.lettersChangedAt = this.sweeps;
    this.letterLaw = lawOf(this.letterLevels.energies, this.letterLevels.degeneracies, this.t);
    this.drawn = new Int32Array(this.logits.length);
    this.letterRelaxation = sweepsToRelax(this.letterLaw.p, PARTICLES) / LETTER_SWEEPS;
  }

  setTemperature(t) {
    if (this.sweeps > (this.past.at(-1)?.[1] ?? 0)) this.past.push([this.t, this.sweeps]);
    this.t = t;
    this.settleGas();
    this.settleLetters();
  }

  moveLevel(level, energy) {
    this.retold = false;
    this.system.energies[level] = energy;
    this.gas.moveLevel(level, energy);
    this.settleGas();
  }

  advance(sweeps, onHop) {
    this.advanceTo(this.sweeps + sweeps, onHop);
  }

  advanceTo(sweeps, onHop) {
    this.sweeps = sweeps;
    const due = (what, rate) => {
      const count = Math.floor(this.sweeps * rate + 1e-9) - this.done[what];
      this.done[what] += count;
      return count;
    };
    this.gas.attempt(due("hops", PARTICLES), this.t, onHop);
    this.letterGas.attempt(due("letterHops", PARTICLES * LETTER_SWEEPS), this.t);
    for (let k = due("draws", DRAWS); k > 0; k--) this.drawn[pick(this.logits, this.t, this.samplerRandom.uniform())]++;
    for (let k = due("letters", TEXT_LETTERS); k > 0; k--) this.writeLetter();
  }

  // How surprising a letter is, in bits, is the model's own word: at t = 1, whatever the t it was drawn at.
  writeLetter() {
    const logits = this.model.logits(this.textContext);
    const id = pick(logits, this.t, this.textRandom.uniform());
    this.text.push({ id, bits: -logits[id] / Math.LN2 });
    this.textContext = (this.textContext + String.fromCharCode(id)).slice(-this.model.order);
    if (this.text.length > LONGEST_TEXT) this.text.shift();
  }
}

// The letters after a context from the lowest energy up, which is from the likeliest down.
function lettersByEnergy(model, context) {
  const { energies, degeneracies } = lettersAsLevels(model, context);
  const order = energies.map((_, id) => id).sort((a, b) => energies[a] - energies[b]);
  return { energies: order.map((id) => energies[id]), degeneracies, labels: order.map((id) => shown(model.alphabet[id])) };
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
