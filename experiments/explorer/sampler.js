// The sampler: what a text generator does. It divides logits by a temperature and draws, and knows no energies.

// Return a draw by inverse CDF from the uniform number u of [0, 1); at t = 0 the first of the largest logits.
function pick(logits, t, u) {
  const largest = Math.max(...logits);
  if (t === 0) return logits.indexOf(largest);
  const weights = logits.map((logit) => Math.exp((logit - largest) / t));
  let left = u * weights.reduce((total, weight) => total + weight, 0), last = 0;
  for (let id = 0; id < weights.length; id++) {
    left -= weights[id];
    if (left < 0) return id;
    if (weights[id] > 0) last = id;
  }
  return last; // u rounded up to the end
}
