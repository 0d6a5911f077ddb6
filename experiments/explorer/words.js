// What is measured, in words.

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

// A fit is a test only at equilibrium; until then the page says how far it has come. Nor is it one where the law
// leaves fewer than five outside the fullest level: then the page says how many are there.
function fitInWords(counts, p, since, needed, fixed = 0) {
  const { statistic, freedom, p: chance } = goodnessOfFit([...counts], p, fixed);
  if (since < needed) return `Relaxing: ${Math.floor(since)} of ${Math.ceil(needed)} sweeps to equilibrium.`;
  if (statistic === Infinity) return "At equilibrium: p\u00a0=\u00a00. Particles are where the law allows none.";
  if (freedom === 0) {
    const total = sum([...counts]), fullest = p.indexOf(Math.max(...p));
    const elsewhere = total - counts[fullest], expected = (total * (1 - p[fullest])).toFixed(1);
    if (elsewhere === 0 && expected === "0.0") return "At equilibrium: one level holds all, as the law says.";
    return `At equilibrium: all but ${elsewhere} are on one level, by the law all but ${expected}. Too few to test.`;
  }
  const degrees = freedom === 1 ? "degree" : "degrees";
  return `At equilibrium: χ² = ${statistic.toFixed(1)} for ${freedom} ${degrees} of freedom, p\u00a0=\u00a0${chance.toPrecision(2)}.`;
}

// The sampler draws independently: its fit is a test at any time.
function samplerInWords({ t, law, drawn }) {
  if (t < 0) return "The sampler stops: a model is sampled at a temperature of 0 or more.";
  const likeliest = law.p.filter((p) => p > 0).length;
  if (t === 0 && likeliest > 1) return `The sampler takes the first of ${likeliest} equals.`;
  const draws = sum([...drawn]), { freedom, p: chance } = goodnessOfFit([...drawn], law.softmax ?? law.p);
  const fit = freedom === 0 && !law.p.includes(0) ? "too few elsewhere to test" : `p\u00a0=\u00a0${chance === 0 ? 0 : chance.toPrecision(2)}`;
  return draws ? `Sampler: ${draws.toLocaleString("en")} draws, ${fit}.` : "Sampler: no draws yet.";
}

// The t that fits the counts of the gas, and the one that fits the draws.
function temperaturesReadOff({ gas, drawn, system: { energies, degeneracies } }) {
  const read = (counts) => {
    const draws = sum(counts);
    if (!draws) return "–";
    const t = temperatureOfMean(sum(counts.map((count, i) => (count * energies[i]) / draws)), energies, degeneracies);
    return showTemperature(t === Infinity ? t : Number(t.toPrecision(3)));
  };
  return `t read off: gas ${read([...gas.counts])}, sampler ${read([...drawn])}`;
}

function perplexityInWords({ law }) {
  return `Perplexity ${Math.exp(law.S).toPrecision(3)}`;
}

// Of a closed box nobody sets t: it is counted, and read off the shares.
function temperaturesOfBox({ gas, law: { t }, atEquilibrium }) {
  if (!atEquilibrium) return "No t yet: the quanta are still spreading.";
  const read = temperatureOfSlope([...gas.counts]);
  const slope = read === null ? "" : ` Read off the shares: t\u00a0=\u00a0${read.t.toPrecision(3)}\u00a0±\u00a0${read.error.toPrecision(1)}.`;
  return `1/t = ΔS/ΔE = ${(1 / t).toFixed(3)}, so t\u00a0=\u00a0${t.toPrecision(3)}.${slope}`;
}

// The first law, for the whole gas and since its start.
function ledger(gas, closed) {
  const number = (value) => Math.round(value).toLocaleString("en").replace("-", "−");
  if (closed)
    return `Energy ${number(gas.energy())} quanta, at first ${number(gas.startEnergy)}. Given away ${number(gas.given)} = received ${number(gas.taken)}`;
  const work = gas.work ? ` + work ${number(gas.work)}` : "";
  return `Energy gained ${number(gas.energy() - gas.startEnergy)} = ` +
    `out of the bath ${number(gas.taken)} − into the bath ${number(gas.given)}${work}`;
}
