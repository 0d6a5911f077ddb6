// What a link carries: the step of the tour, the settings, and when paused how many sweeps lie behind and which
// temperatures came before, each with the sweeps at its end: from=5:100,1:120.5. It opens at the very moment that it was
// taken from; where it would not, it names no sweeps.

const SPEEDS = [0.25, 1, 4, 16, 64];
const MOST_SWEEPS = 2000, MOST_CHANGES = 60; // that a link may ask for
const MOST_LEVELS = 12, MOST_STATES = 99; // of levels of one's own

// A step of the tour has settings of its own, from which a link tells what differs.
function defaults(tour = null) {
  return {
    tour, t: 1, system: LETTERS, context: CONTEXT, each: QUANTA[0],
    levels: [...SYSTEMS[OWN].energies], degeneracies: [...SYSTEMS[OWN].degeneracies],
    seed: SEED, speed: 4, theme: "", lecture: false,
    ...(tour ? TOUR[tour - 1].set : {}),
    sweeps: null, from: [], // playing
  };
}

function toHash(state) {
  const usual = { ...defaults(state.tour), tour: null };
  const changed = Object.entries(state).filter(([key, value]) => String(value) !== String(usual[key]));
  const written = (value) => (Array.isArray(value[0]) ? value.map((pair) => pair.join(":")) : value);
  return "#" + changed.map(([key, value]) => `${key}=${encodeURIComponent(written(value))}`).join("&");
}

// Return a whole number of digits only, up to `most`, or null.
function readWhole(typed, most) {
  return /^\d+$/.test(typed) && Number(typed) <= most ? Number(typed) : null;
}

function readEnergy(typed) {
  const decimal = /^(\d+\.?\d*|\.\d+)$/.test(typed.trim().replace(",", "."));
  const energy = Number(typed.trim().replace(",", "."));
  return decimal && energy <= HIGHEST ? energy : null;
}

function readDegeneracy(typed) {
  return readWhole(typed.trim(), MOST_STATES) || null;
}

function readList(value, read) {
  const found = value.split(",").map(read);
  return found.length <= MOST_LEVELS && !found.includes(null) ? found : null;
}

// Return earlier temperatures and the sweeps at their ends, which grow, or null.
function readPast(value) {
  const past = value.split(",").map((entry) => {
    const [t, until] = entry.split(":");
    return [readTemperature(t), /^\d+(\.\d+)?$/.test(until) ? Number(until) : NaN];
  });
  const right = past.every(([t, until], k) => t !== null && until > (k ? past[k - 1][1] : 0));
  return right && past.length <= MOST_CHANGES ? past : null;
}

const READERS = {
  t: readTemperature,
  system: (value) => ([...Object.keys(SYSTEMS), LETTERS, BOX].includes(value) ? value : null),
  context: (value) => value,
  each: (value) => (QUANTA.includes(Number(value)) ? Number(value) : null),
  levels: (value) => readList(value, readEnergy),
  degeneracies: (value) => readList(value, readDegeneracy),
  seed: (value) => readWhole(value, Number.MAX_SAFE_INTEGER),
  speed: (value) => (SPEEDS.includes(Number(value)) ? Number(value) : null),
  theme: (value) => (["light", "dark"].includes(value) ? value : null),
  lecture: (value) => value === "true" || null,
  sweeps: (value) => readWhole(value, MOST_SWEEPS),
  from: readPast,
};

// Whatever a hash holds that is not understood is left at its default.
function fromHash(hash) {
  const given = new URLSearchParams(hash.slice(1));
  const tour = readWhole(given.get("tour") ?? "", TOUR.length) || null;
  const state = defaults(tour);
  for (const [key, value] of given) {
    const found = Object.keys(READERS).includes(key) ? READERS[key](value) : null;
    if (found !== null) state[key] = found;
  }
  if (state.levels.length !== state.degeneracies.length) {
    const { levels, degeneracies } = defaults();
    if (given.has("degeneracies")) Object.assign(state, { levels, degeneracies });
    else state.degeneracies = state.levels.map(() => 1);
  }
  if (state.from.length && !(lastOf(state.from)[1] <= state.sweeps)) state.from = [];
  return state;
}
