// What is measured, in words.

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

// A fit is a test only at equilibrium; until then the page says how far it has come. Nor is it one where the law
// leaves fewer than five outside the fullest level: then the page says how many are there.
function fitInWords(counts, p, since, needed) {
  const { statistic, freedom, p: chance } = goodnessOfFit([...counts], p);
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

function lettersInWords(world) {
  const { t, letterLaw, letterGas, drawn } = world;
  const uncertain = `Perplexity ${Math.exp(letterLaw.S).toPrecision(3)}: as uncertain as so many equal letters.`;
  if (world.sweeps - world.lettersChangedAt < world.letterRelaxation) return `${uncertain} The simulation is relaxing.`;
  const [simulation, sampler] = [letterGas.counts, drawn].map((counts) => {
    const { freedom, p: chance } = goodnessOfFit([...counts], letterLaw.p);
    if (freedom === 0 && !letterLaw.p.includes(0)) return "untested"; // too few on other letters
    return `p\u00a0=\u00a0${chance === 0 ? 0 : chance.toPrecision(2)}`;
  });
  const likeliest = letterLaw.p.filter((p) => p > 0).length;
  const drawing = t === 0 && likeliest > 1 ? `; the sampler takes the first of ${likeliest} equals` : `, sampler ${sampler}`;
  return `${uncertain} Fit to the law: simulation ${simulation}${drawing}.`;
}

// The first law, for the whole gas and since its start.
function ledger(gas) {
  const number = (value) => Math.round(value).toLocaleString("en").replace("-", "−");
  const work = gas.work ? ` + work ${number(gas.work)}` : "";
  return `Energy gained ${number(gas.energy() - gas.startEnergy)} = ` +
    `heat taken ${number(gas.taken)} − heat given ${number(gas.given)}${work}`;
}
