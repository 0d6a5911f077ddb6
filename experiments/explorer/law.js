// The law: p = g exp(-E/t) / Z, and what follows from it. It knows energies, and nothing of particles or draws.

function lawOf(energies, degeneracies, t) {
  const lowest = Math.min(...energies);
  // Shifted by the minimum before the division, so that t = 0 and t = ∞ are limits and not errors.
  const x = energies.map((energy) => (energy === lowest ? 0 : (energy - lowest) / t));
  const logWeights = x.map((value, i) => Math.log(degeneracies[i]) - value);
  const largest = Math.max(...logWeights);
  const likeliest = logWeights.indexOf(largest);
  const weights = logWeights.map((value) => Math.exp(value - largest));
  // The largest weight is 1; it is kept apart lest it swallow the others in log Z.
  const rest = sum(weights.map((weight, i) => (i === likeliest ? 0 : weight)));
  const p = weights.map((weight) => weight / (1 + rest));
  const mean = (values) => sum(values.map((value, i) => (p[i] > 0 ? p[i] * value : 0)));
  const logZ = largest + Math.log1p(rest); // measured from the lowest level
  const meanX = mean(x);
  return {
    p,
    logZ: logZ - (lowest === 0 ? 0 : lowest / t),
    U: lowest + mean(energies.map((energy) => energy - lowest)),
    S: logZ + meanX,
    C: mean(x.map((value) => (value - meanX) ** 2)),
  };
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
