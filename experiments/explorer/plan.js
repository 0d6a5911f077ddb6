// Where things are in the picture of the levels: a level's mark at its true height on the axis of energy, and a row
// beside it for its name, its bar of dots and its numbers. Rows keep a distance, so that they can be read; a line joins
// each to its mark.

const SHOWN_LETTERS = 12;

class Plan {
  constructor({ energies, labels, endless }, width, height, size, highest) {
    const small = width < 34 * size;
    this.small = small;
    this.columns = small ? ["gas", "law"] : ["gas", "law", "sampler"];
    const wide = small ? { gas: 2.9, law: 2.9 } : { gas: 4, law: 4.2, sampler: 6.4 };
    this.ends = this.columns.map((_, k) => width - size * sum(this.columns.slice(k + 1).map((name) => wide[name])));
    this.bath = Math.round(height - 2.1 * size);
    this.foot = this.bath - 1.9 * size; // of the rows; the scale of shares is below
    this.head = 1.7 * size;
    this.axis = 2.3 * size;
    this.mark = 1.9 * size; // the length of a level's mark
    this.name = this.axis + this.mark + 1.6 * size;
    this.left = this.name + (energies.length > 10 && !labels ? 2.1 : 1.5) * size; // of the bars
    this.width = this.ends[0] - wide.gas * size - 0.4 * size - this.left;

    this.chooseRows(energies, Boolean(labels || endless), size);
    this.placeRows(energies, size, highest);
  }

  // One row for each level, but of many one for the lowest that there is room for, and one for all others.
  chooseRows(energies, many, size) {
    const upward = energies.map((_, i) => i).sort((a, b) => energies[a] - energies[b]);
    const room = Math.floor((this.foot - this.head) / (1.5 * size)) - 1;
    const listed = many ? Math.min(SHOWN_LETTERS, Math.max(4, room), energies.length - 1) : energies.length;
    this.rows = upward.slice(0, listed).map((level) => [level]);
    if (listed < energies.length) this.rows.push(upward.slice(listed));
    this.others = listed < energies.length ? listed : null; // the number of their row
    this.rowOf = new Uint8Array(energies.length);
    this.rows.forEach((levels, row) => levels.forEach((level) => (this.rowOf[level] = row)));
  }

  placeRows(energies, size, highest) {
    const listed = this.rows.filter((_, row) => row !== this.others).map(([level]) => energies[level]);
    this.lowest = highest === undefined ? Math.min(...listed) : 0;
    this.highest = highest ?? Math.max(...listed);
    if (this.highest === this.lowest) this.highest += 1;
    const count = this.rows.length, room = this.foot - this.head;
    const distance = Math.min(1.75 * size, room / count);
    this.thick = Math.max(4, Math.min(1.25 * size, 0.74 * distance));
    const top = this.head + distance * (this.others === null ? 0.5 : 1.6), bottom = this.foot - distance / 2;
    this.yOf = (energy) => bottom - ((energy - this.lowest) / (this.highest - this.lowest)) * (bottom - top);
    const heights = listed.map((energy) => bottom - this.yOf(energy));
    if (this.others !== null) heights.push(bottom - this.head - distance / 2);
    this.y = apart(heights, distance, bottom - this.head - distance / 2).map((height) => bottom - height);
  }
}

// Return heights in the same order, moved as little as possible (in squares) to be `distance` apart, from 0 to `most`.
// Less their share of the distances they need only not fall: neighbours that would are merged at their mean (the pool
// of adjacent violators: M. Ayer et al., Annals of Mathematical Statistics 26, 641, 1955).
function apart(heights, distance, most) {
  const blocks = [];
  heights.forEach((height, k) => {
    blocks.push({ mean: height - k * distance, size: 1 });
    while (blocks.length > 1 && blocks[blocks.length - 2].mean > lastOf(blocks).mean) {
      const upper = blocks.pop(), lower = lastOf(blocks);
      lower.mean = (lower.mean * lower.size + upper.mean * upper.size) / (lower.size + upper.size);
      lower.size += upper.size;
    }
  });
  const room = Math.max(0, most - (heights.length - 1) * distance);
  const means = blocks.flatMap(({ mean, size }) => Array(size).fill(Math.min(room, Math.max(0, mean))));
  return means.map((mean, k) => mean + k * distance);
}
