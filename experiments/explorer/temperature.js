// The scale of the slider: t = 0, then .05 to 20 in equal ratios, then t = ∞.

const COLDEST = 0.05, HOTTEST = 20, STEPS = 400;
const LAST = STEPS + 2; // the position of t = ∞

function temperatureAt(position) {
  if (position <= 0) return 0;
  if (position >= LAST) return Infinity;
  return Number((COLDEST * (HOTTEST / COLDEST) ** ((position - 1) / STEPS)).toPrecision(3));
}

function positionOf(t) {
  if (t === 0) return 0;
  if (t === Infinity) return LAST;
  const place = 1 + (STEPS * Math.log(t / COLDEST)) / Math.log(HOTTEST / COLDEST);
  return Math.min(STEPS + 1, Math.max(1, place));
}

function showTemperature(t) {
  return t === Infinity ? "∞" : String(t);
}

// Return the temperature that a reader typed, or null.
function readTemperature(typed) {
  const text = typed.trim().replace(",", ".");
  if (/^(∞|inf|infinity)$/i.test(text)) return Infinity;
  const t = Number(text);
  return text !== "" && t >= 0 && t < Infinity ? t : null;
}
