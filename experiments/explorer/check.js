// The self-check: compute again what Python computed, and compare to twelve digits.

function selfCheck(golden, boxes, systems, model) {
  let compared = 0, worst = 0, where = "";
  const compare = (values, again, said) =>
    values.forEach((value, k) => {
      const difference = relativeDifference(again[k], value);
      compared++;
      if (difference <= worst) return;
      worst = difference;
      where = said;
    });
  for (const { system, letters, t, counts, values } of golden) {
    const [, , , , , , ...p] = values;
    const { energies, degeneracies } = letters ? lettersAsLevels(model, system) : systems[system];
    const law = lawOf(energies, degeneracies, t);
    const fit = goodnessOfFit(counts, p);
    const again = [law.logZ, law.U, law.S, law.C, fit.statistic, fit.p, ...law.p];
    compare(values, again, `${system} at t = ${t}`);
  }
  for (const { particles, energy, values } of boxes) {
    const again = [countedTemperature(particles, energy), logArrangements(particles, energy), ...countedShares(particles, energy)];
    compare(values, again, `the closed box of ${energy} quanta`);
  }
  return { compared, worst, where, agrees: worst <= 1e-12 };
}

function relativeDifference(found, expected) {
  if (found === expected) return 0;
  const difference = Math.abs(found - expected) / Math.abs(expected);
  return Number.isNaN(difference) ? Infinity : difference;
}

// The letters after a context as a system: E = -log p, counted from the likeliest letter.
function lettersAsLevels(model, context) {
  const logits = model.logits(model.encode(context));
  const largest = Math.max(...logits);
  return { energies: logits.map((logit) => largest - logit), degeneracies: logits.map(() => 1) };
}
