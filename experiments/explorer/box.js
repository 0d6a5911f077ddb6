// The closed box: molecules that hold whole quanta, and no bath. Two meet and share anew what they hold together, every
// division being as likely as any other. Numbers are added and drawn; no temperature and no exponential is in it.
//
// Why all arrangements become equally likely: with s quanta held by the two, a meeting leads from each of their s + 1
// divisions to each other with the same probability, so that it takes arrangement x to y as often as y to x.

class ClosedBox {
  // At first all hold the same.
  constructor(each, particles, random) {
    this.random = random;
    this.quanta = new Uint16Array(particles).fill(each); // that each molecule holds
    this.levels = new Uint16Array(particles).fill(each); // the same, but those that hold MOST_SEEN or more are on one level
    this.energies = Float64Array.from({ length: MOST_SEEN + 1 }, (_, held) => held);
    this.counts = new Int32Array(MOST_SEEN + 1);
    this.counts[each] = particles;
    this.next = 0; // the molecule whose turn it is
    this.taken = this.given = this.work = 0; // quanta received at meetings, and those given, which are as many
    this.startEnergy = this.energy();
  }

  // Added up anew: it never changes.
  energy() {
    return sum([...this.quanta]);
  }

  // Let as many molecules in turn meet another one.
  attempt(meetings) {
    const { quanta, random } = this;
    for (; meetings > 0; meetings--) {
      const one = this.next, other = (one + 1 + random.below(quanta.length - 1)) % quanta.length;
      this.next = (one + 1) % quanta.length;
      const together = quanta[one] + quanta[other], rest = random.below(together + 1);
      this.hold(one, together - rest);
      this.hold(other, rest);
    }
  }

  hold(molecule, held) {
    const rise = held - this.quanta[molecule], level = Math.min(held, MOST_SEEN);
    this.quanta[molecule] = held;
    this.counts[this.levels[molecule]]--;
    this.counts[level]++;
    this.levels[molecule] = level;
    if (rise > 0) this.taken += rise;
    else this.given -= rise;
  }
}
