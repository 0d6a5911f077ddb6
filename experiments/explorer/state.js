// What a link carries: the settings, and when paused how many sweeps lie behind and which temperatures came before,
// each with the sweeps at its end: from=5:100,1:120.5. It opens at the very moment that it was taken from; where it
// would not, it names no sweeps.

const SPEEDS = [0.25, 1, 4, 16];
const MOST_SWEEPS = 400, MOST_CHANGES = 60; // that a link may ask for
const OWN = "levels of your own";
const LETTERS = "letters after …";

function defaults() {
  return {
    t: 1, system: "ladder", context: CONTEXT, levels: [...SYSTEMS[OWN].energies], seed: SEED, speed: 1, theme: "",
    sweeps: null, from: [], // playing
  };
}

function toHash(state) {
  const usual = defaults();
  const changed = Object.entries(state).filter(([key, value]) => String(value) !== String(usual[key]));
  const written = (value) => (Array.isArray(value[0]) ? value.map((pair) => pair.join(":")) : value);
  return "#" + changed.map(([key, value]) => `${key}=${encodeURIComponent(written(value))}`).join("&");
}

// Whatever a hash holds that is not understood is left at its default.
function fromHash(hash) {
  const state = defaults();
  const whole = (value, most) => (/^\d+$/.test(value) && Number(value) <= most ? Number(value) : null);
  const readers = {
    t: readTemperature,
    system: (value) => (Object.hasOwn(SYSTEMS, value) || value === LETTERS ? value : null),
    context: (value) => value,
    levels: (value) => {
      const energies = value.split(",").map((entry) => (entry ? Number(entry) : NaN));
      const right = energies.length === state.levels.length && energies.every((E) => E >= 0 && E <= HIGHEST);
      return right ? energies : null;
    },
    seed: (value) => whole(value, Number.MAX_SAFE_INTEGER),
    speed: (value) => (SPEEDS.includes(Number(value)) ? Number(value) : null),
    theme: (value) => (["light", "dark"].includes(value) ? value : null),
    sweeps: (value) => whole(value, MOST_SWEEPS),
    from: (value) => {
      const past = value.split(",").map((entry) => {
        const [t, until] = entry.split(":");
        return [readTemperature(t), /^\d+(\.\d+)?$/.test(until) ? Number(until) : NaN];
      });
      const right = past.every(([t, until], k) => t !== null && until > (k ? past[k - 1][1] : 0));
      return right && past.length <= MOST_CHANGES ? past : null;
    },
  };
  for (const [key, value] of new URLSearchParams(hash.slice(1))) {
    const found = Object.hasOwn(readers, key) ? readers[key](value) : null;
    if (found !== null) state[key] = found;
  }
  if (state.from.length && !(state.from.at(-1)[1] <= state.sweeps)) state.from = [];
  return state;
}
