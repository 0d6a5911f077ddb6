// The law of the closed box, by counting. N molecules hold U quanta in Ω(N, U) ways, the binomial coefficient of
// U + N - 1 over U. If all are equally likely, a molecule holds n with the probability Ω(N-1, U-n)/Ω(N, U).

const MOST_SEEN = 255; // quanta; the last level holds those with as many or more

// S = ln Ω(N, U), in nats.
function logArrangements(N, U) {
  return sum(Array.from({ length: N - 1 }, (_, k) => Math.log1p(U / (k + 1))));
}

// t of 1/t = ΔS/ΔU, from one quantum less to one more: the last factors by which Ω grew, and will grow.
function countedTemperature(N, U) {
  return 2 / (Math.log((U + N - 1) / U) + Math.log((U + N) / (U + 1)));
}

// The shares of molecules that hold n = 0, 1, 2, …: each is the one before times (U - n)/(U - n + N - 2).
function countedShares(N, U) {
  const shares = [(N - 1) / (U + N - 1)];
  for (let n = 0; n < U; n++) shares.push((lastOf(shares) * (U - n)) / (U - n + N - 2));
  return [...shares.slice(0, MOST_SEEN), sum(shares.slice(MOST_SEEN))];
}

// As `lawOf`, but that nobody tells it a temperature: t is counted, too.
function lawOfBox(N, U) {
  const p = countedShares(N, U), t = countedTemperature(N, U);
  const softmax = lawOf(p.map((_, n) => n), p.map(() => 1), t);
  return { ...softmax, p, t, softmax: softmax.p };
}
