// What is measured, in words.

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

// A fit is a test only at equilibrium; until then the page says how far it has come.
function fitInWords(counts, p, since, needed) {
  const { statistic, freedom, p: chance } = goodnessOfFit([...counts], p);
  if (since < needed) return `Relaxing: ${Math.floor(since)} of ${Math.ceil(needed)} sweeps to equilibrium.`;
  if (freedom === 0) return "At equilibrium: one level holds all, as the law says.";
  const degrees = freedom === 1 ? "degree" : "degrees";
  return `At equilibrium: χ² = ${statistic.toFixed(1)} for ${freedom} ${degrees} of freedom, p\u00a0=\u00a0${chance.toPrecision(2)}.`;
}

function lettersInWords(world) {
  const { letterLaw, letterGas, drawn } = world;
  const uncertain = `Perplexity ${Math.exp(letterLaw.S).toPrecision(3)}: as uncertain as so many equal letters.`;
  if (world.sinceChange() < world.letterRelaxation) return `${uncertain} The simulation is relaxing.`;
  const chances = [letterGas.counts, drawn].map((counts) => goodnessOfFit([...counts], letterLaw.p).p.toPrecision(2));
  return `${uncertain} Fit to the law: simulation p\u00a0=\u00a0${chances[0]}, sampler p\u00a0=\u00a0${chances[1]}.`;
}

// The first law, for the whole gas and since its start.
function ledger(gas) {
  const number = (value) => Math.round(value).toLocaleString("en").replace("-", "−");
  const work = gas.work ? ` + work ${number(gas.work)}` : "";
  return `Energy gained ${number(gas.energy() - gas.startEnergy)} = ` +
    `heat taken ${number(gas.taken)} − heat given ${number(gas.given)}${work}`;
}
