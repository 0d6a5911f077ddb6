// Randomness: the generator sfc32 (C. Doty-Humphrey, PractRand, 2010), 128 bits of state.
// One seed and the number of a stream give one sequence, so that no part of the page disturbs another.

function randomStream(seed, stream) {
  let a = seed >>> 0, b = Math.floor(seed / 2 ** 32) >>> 0, c = stream >>> 0, counter = 1;
  function word() {
    const result = (a + b + counter++) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + result) >>> 0;
    return result;
  }
  for (let k = 0; k < 15; k++) word(); // until the seed has reached every bit
  return {
    word,
    uniform: () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53, // in [0, 1)
    below: (n) => Math.floor((word() / 2 ** 32) * n), // a whole number in [0, n)
  };
}
