// The law: p = g exp(-E/t) / Z, and what follows from it. It knows energies, and nothing of particles or draws.

function lawOf(energies, degeneracies, t) {
  // The level that no other outweighs by energy: the highest one where t is negative.
  const ground = t < 0 ? Math.max(...energies) : Math.min(...energies);
  // Shifted by it before the division, so that t = 0 and t = ∞ are limits and not errors.
  const x = energies.map((energy) => (energy === ground ? 0 : (energy - ground) / t));
  const logWeights = x.map((value, i) => Math.log(degeneracies[i]) - value);
  const largest = Math.max(...logWeights);
  const likeliest = logWeights.indexOf(largest);
  const weights = logWeights.map((value) => Math.exp(value - largest));
  // The largest weight is 1; it is kept apart lest it swallow the others in log Z.
  const rest = sum(weights.map((weight, i) => (i === likeliest ? 0 : weight)));
  const p = weights.map((weight) => weight / (1 + rest));
  const mean = (values) => sum(values.map((value, i) => (p[i] > 0 ? p[i] * value : 0)));
  const logZ = largest + Math.log1p(rest); // measured from that level
  const meanX = mean(x);
  return {
    p,
    logZ: logZ - (ground === 0 ? 0 : ground / t),
    U: ground + mean(energies.map((energy) => energy - ground)),
    S: logZ + meanX,
    C: mean(x.map((value) => (value - meanX) ** 2)),
  };
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
