// Goodness of fit: Pearson's chi-square of independent particles, and how likely a larger one is.

// Bins that expect fewer than 5 are pooled, the rarest first; pooling looks at the law, never at the counts.
// Each fixed sum of the counts, such as their energy, takes a degree of freedom.
function goodnessOfFit(counts, p, fixed = 0) {
  const total = counts.reduce((a, b) => a + b, 0);
  if (p.some((probability, i) => probability === 0 && counts[i] > 0)) return { statistic: Infinity, freedom: 0, p: 0 };
  const bins = [{ observed: 0, expected: 0 }];
  const full = 5 * (1 - 1e-9); // n = 100 times p = 0.05 may miss 5 by rounding
  for (const i of p.map((_, i) => i).sort((a, b) => p[a] - p[b])) {
    if (lastOf(bins).expected >= full) bins.push({ observed: 0, expected: 0 });
    lastOf(bins).observed += counts[i];
    lastOf(bins).expected += total * p[i];
  }
  if (bins.length > 1 && lastOf(bins).expected < full) {
    const last = bins.pop();
    lastOf(bins).observed += last.observed;
    lastOf(bins).expected += last.expected;
  }
  const freedom = Math.max(0, bins.length - 1 - fixed);
  if (freedom === 0) return { statistic: 0, freedom, p: 1 };
  const statistic = bins.reduce((a, { observed, expected }) => a + (observed - expected) ** 2 / expected, 0);
  return { statistic, freedom, p: upperGamma(freedom / 2, statistic / 2) };
}

// The regularised incomplete gamma function Q(a, x) for 2a = 1, 2, 3, …: the series DLMF 8.11.4 of 1 - Q below
// x = a + 1, and above it the continued fraction DLMF 8.9.2 by Lentz's method.
function upperGamma(a, x) {
  if (x === 0) return 1;
  let gamma = a % 1 === 0 ? 0 : Math.log(Math.PI) / 2; // log Γ(a), climbed from Γ(1) = 1 or Γ(1/2) = √π
  for (let k = a - 1; k > 0; k--) gamma += Math.log(k);
  const front = Math.exp(a * Math.log(x) - x - gamma);
  if (x < a + 1) {
    let term = 1 / a, series = term;
    for (let k = a + 1; term > series * 1e-17; k++) series += term *= x / k;
    return 1 - front * series;
  }
  let b = x + 1 - a, c = Infinity, d = 1 / b, fraction = d;
  for (let k = 1, step = 0; Math.abs(step - 1) > 1e-16 && k < 1000; k++) {
    const numerator = k * (a - k);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    step = c * d;
    fraction *= step;
  }
  return front * fraction;
}

function lastOf(list) {
  return list[list.length - 1];
}
