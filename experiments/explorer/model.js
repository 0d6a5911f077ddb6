// The model: the next letter given the n - 1 before it, by interpolated modified Kneser-Ney smoothing
// (R. Kneser and H. Ney, 1995; S. F. Chen and J. Goodman, Computer Speech and Language 13, 359, 1999).

class NGram {
  constructor(text, order) {
    const letters = Array.from(text);
    this.order = order;
    this.alphabet = [...new Set(letters)].sort((a, b) => a.codePointAt(0) - b.codePointAt(0));
    this.ids = new Map(this.alphabet.map((letter, id) => [letter, id]));
    const coded = this.encode(text);
    const counted = Array.from({ length: order }, (_, length) => countPairs(coded, length));
    // Below the longest context a pair counts as often as different letters stand to its left.
    const continued = counted.map((_, m) => (m < order - 1 ? countLeft(counted[m + 1], coded, m) : counted[m]));
    this.occurrences = counted.map(discounted);
    this.continuations = continued.map(discounted);
  }

  // Letters as a string with one code unit each, their place in the alphabet; what the text never had is left out.
  encode(text) {
    return Array.from(text, (letter) => this.ids.get(letter))
      .filter((id) => id !== undefined)
      .map((id) => String.fromCharCode(id))
      .join("");
  }

  // Return log p(letter | context) of each letter of the alphabet; the context is as `encode` returns it.
  logits(context) {
    const recent = context.slice(Math.max(0, context.length - this.order + 1));
    const p = this.alphabet.map(() => 1 / this.alphabet.length);
    for (let m = 0; m <= recent.length; m++) {
      const tables = m === recent.length ? this.occurrences : this.continuations;
      const found = tables[m].get(recent.slice(recent.length - m));
      if (!found) break;
      for (let id = 0; id < p.length; id++) p[id] *= found.escape;
      for (const [id, weight] of found.weights) p[id] += weight;
    }
    return p.map(Math.log);
  }
}

// Return context -> (next letter -> how often), for the contexts of one length.
function countPairs(coded, length) {
  const counts = new Map();
  for (let k = length; k < coded.length; k++) add(counts, coded.slice(k - length, k), coded.charCodeAt(k));
  return counts;
}

// Return the same with the number of different letters to the left; the beginning of the text is one.
function countLeft(longer, coded, length) {
  const counts = new Map();
  add(counts, coded.slice(0, length), coded.charCodeAt(length));
  for (const [context, row] of longer) for (const id of row.keys()) add(counts, context.slice(1), id);
  return counts;
}

function add(counts, context, id) {
  if (!counts.has(context)) counts.set(context, new Map());
  const row = counts.get(context);
  row.set(id, (row.get(id) ?? 0) + 1);
}

// Return context -> the two terms of p(w|h) = weight(hw) + escape(h) p(w|h'), h' being h without its first letter.
function discounted(counts) {
  const n = [0, 0, 0, 0, 0, 0];
  for (const row of counts.values()) for (const count of row.values()) n[Math.min(count, 5)]++;
  const Y = n[1] / (n[1] + 2 * n[2]);
  let discounts = [1, 2, 3].map((k) => k - ((k + 1) * Y * n[k + 1]) / n[k]);
  const few = n.slice(1, 5).includes(0);
  if (few || !discounts.every((discount) => discount > 0)) discounts = [0.5, 1, 1.5]; // counts that tell too little
  const tables = new Map();
  for (const [context, row] of counts) {
    const total = [...row.values()].reduce((a, b) => a + b, 0);
    const weights = new Map();
    let escape = 0;
    for (const [id, count] of row) {
      const discount = discounts[Math.min(count, 3) - 1];
      weights.set(id, (count - discount) / total);
      escape += discount / total;
    }
    tables.set(context, { weights, escape });
  }
  return tables;
}
