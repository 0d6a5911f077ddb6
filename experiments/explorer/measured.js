// What is measured of counts: S, U and C of the shares, and the temperature that fits them best.

function measuredOf(counts, energies, degeneracies, t) {
  const total = sum(counts), shares = counts.map((count) => count / total);
  const mean = sum(shares.map((share, i) => share * energies[i]));
  const variance = sum(shares.map((share, i) => share * (energies[i] - mean) ** 2));
  return {
    S: -sum(shares.map((share, i) => (share > 0 ? share * Math.log(share / degeneracies[i]) : 0))),
    U: mean,
    C: variance === 0 || t === Infinity ? 0 : variance / t ** 2,
  };
}

// Return the t whose law has this mean energy: of all t the likeliest one, given the counts (maximum likelihood).
// The mean energy falls as b = 1/t grows, so that b is found by halving; where no finite b has it, an end is returned.
function temperatureOfMean(mean, energies, degeneracies) {
  let low = -200, high = 200; // of b
  for (let k = 0; k < 50; k++) {
    const b = (low + high) / 2;
    if (lawOf(energies, degeneracies, b === 0 ? Infinity : 1 / b).U > mean) low = b;
    else high = b;
  }
  const b = (low + high) / 2;
  if (b > 199) return 0;
  return Math.abs(b) < 1e-6 ? Infinity : 1 / b;
}
