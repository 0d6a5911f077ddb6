// The simulation: particles that hop between levels and trade heat with a bath (Metropolis et al., 1953).
// A hop knows the energies of two levels. No probability of a level and no sum over levels is computed.

class Gas {
  // The start is infinitely hot: every state is equally likely.
  constructor(energies, degeneracies, particles, random) {
    this.energies = Float64Array.from(energies);
    this.degeneracies = degeneracies;
    this.random = random;
    this.counts = new Int32Array(energies.length);
    const states = degeneracies.flatMap((g, level) => Array(g).fill(level));
    this.levels = Uint16Array.from({ length: particles }, () => states[random.below(states.length)]);
    for (const level of this.levels) this.counts[level]++;
    this.next = 0; // the particle whose turn it is
    this.taken = this.given = this.work = 0; // heat from the bath, heat to it, and work done on the gas
    this.startEnergy = this.energy();
  }

  energy() {
    return this.counts.reduce((total, count, level) => total + count * this.energies[level], 0);
  }

  // Let `attempts` particles in turn try one move each.
  attempt(attempts, t) {
    const { energies, degeneracies, levels, counts, random } = this;
    for (; attempts > 0; attempts--) {
      const particle = this.next;
      this.next = (particle + 1) % levels.length;
      const from = levels[particle], to = random.below(energies.length);
      if (to === from) continue;
      const rise = energies[to] - energies[from];
      const ratio = (degeneracies[to] / degeneracies[from]) * (rise === 0 ? 1 : Math.exp(-rise / t));
      if (ratio < 1 && random.uniform() >= ratio) continue;
      levels[particle] = to;
      counts[from]--;
      counts[to]++;
      if (rise > 0) this.taken += rise;
      else this.given -= rise;
    }
  }

  // Lift a level with all that sit on it: that is work, not heat.
  moveLevel(level, energy) {
    this.work += this.counts[level] * (energy - this.energies[level]);
    this.energies[level] = energy;
  }
}
