// The scale of the slider: t = 0, then .05 to 20 in equal ratios, then t = ∞, each limit a gap away. A negative t is
// hotter than ∞: it is typed, and the slider rests at its hot end.

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
  if (t === Infinity || t < 0) return LAST;
  const step = (STEPS * Math.log(t / COLDEST)) / Math.log(HOTTEST / COLDEST);
  return GAP + Math.min(STEPS, Math.max(0, step));
}

// Return the temperature one step up or down, the limits next to the ends of the scale.
function neighbourOf(t, direction) {
  if (t < 0) return direction > 0 ? t : Infinity;
  if (direction > 0 && t >= HOTTEST) return Infinity;
  if (direction < 0 && t <= COLDEST) return 0;
  if (direction > 0 && t < COLDEST) return COLDEST;
  if (direction < 0 && t > HOTTEST) return HOTTEST;
  return temperatureAt(Math.round(positionOf(t)) + direction);
}

function showTemperature(t) {
  return t === Infinity ? "∞" : String(t).replace("-", "−");
}

// Return the temperature that a reader typed, or null; 1,000 could be a thousand or one. At −∞ as at ∞ all states are
// equally likely, and −0 is 0.
function readTemperature(typed) {
  if (/^\s*[-−]?[1-9]\d*,\d{3}\s*$/.test(typed)) return null;
  const text = typed.trim().replace(",", ".").replace("−", "-");
  if (/^[+-]?(∞|inf|infinity)$/i.test(text)) return Infinity;
  const decimal = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  return decimal && Math.abs(Number(text)) < Infinity ? Number(text) + 0 : null;
}

// Return round numbers from `low` to `high`, about `count` of them but two at least, in steps of 1, 2 or 5 times a power
// of ten.
function roundTicks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  if (last - first < 1) return roundTicks(low, high, 2 * count);
  return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}
