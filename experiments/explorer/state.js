// What a link carries: the settings, and when paused how many sweeps lie behind, up to a limit. It opens at the very
// moment that it was taken from, if that gas was within the limit and had seen one temperature since its start.

const SPEEDS = [0.25, 1, 4, 16];
const MOST_SWEEPS = 400; // that a link may ask for
const OWN = "levels of your own";
const LETTERS = "letters after …";

function defaults() {
  return {
    t: 1, system: "ladder", context: CONTEXT, levels: [...SYSTEMS[OWN].energies], seed: SEED, speed: 1, theme: "",
    sweeps: null, // playing
  };
}

function toHash(state) {
  const usual = defaults();
  const changed = Object.entries(state).filter(([key, value]) => String(value) !== String(usual[key]));
  return "#" + changed.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
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
  };
  for (const [key, value] of new URLSearchParams(hash.slice(1))) {
    const found = Object.hasOwn(readers, key) ? readers[key](value) : null;
    if (found !== null) state[key] = found;
  }
  return state;
}
