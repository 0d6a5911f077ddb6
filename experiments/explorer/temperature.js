// The scale of the slider: t = 0, then .05 to 20 in equal ratios, then t = ∞, each limit a gap away.

const COLDEST = 0.05, HOTTEST = 20, STEPS = 400, GAP = 20;
const LAST = STEPS + 2 * GAP; // the position of t = ∞

function temperatureAt(position) {
  if (position < GAP / 2) return 0;
  if (position > LAST - GAP / 2) return Infinity;
  const step = Math.min(STEPS, Math.max(0, position - GAP));
  return Number((COLDEST * (HOTTEST / COLDEST) ** (step / STEPS)).toPrecision(3));
}

function positionOf(t) {
  if (t === 0) return 0;
  if (t === Infinity) return LAST;
  const step = (STEPS * Math.log(t / COLDEST)) / Math.log(HOTTEST / COLDEST);
  return GAP + Math.min(STEPS, Math.max(0, step));
}

// Return the temperature one step up or down, the limits next to the ends of the scale.
function neighbourOf(t, direction) {
  if (direction > 0 && t >= HOTTEST) return Infinity;
  if (direction < 0 && t <= COLDEST) return 0;
  if (direction > 0 && t < COLDEST) return COLDEST;
  if (direction < 0 && t > HOTTEST) return HOTTEST;
  return temperatureAt(Math.round(positionOf(t)) + direction);
}

function showTemperature(t) {
  return t === Infinity ? "∞" : String(t);
}

// Return the temperature that a reader typed, or null; 1,000 could be a thousand or one.
function readTemperature(typed) {
  if (/^\s*[1-9]\d*,\d{3}\s*$/.test(typed)) return null;
  const text = typed.trim().replace(",", ".");
  if (/^(∞|inf|infinity)$/i.test(text)) return Infinity;
  const decimal = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  return decimal && Number(text) < Infinity ? Number(text) : null;
}
