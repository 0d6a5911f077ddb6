// The guided tour: each step sets the page, asks for a prediction, and tells what to drag and what to compare with.

const OWN = "levels of your own";
const LETTERS = "letters after …";
const BOX = "closed box";

const TOUR = [
  {
    title: "At t = 1 it is p itself",
    set: { t: 1 },
    predict: "A program, the model, has read a text. After “the s”, which letter does it expect next, and how often?",
    drag: "Nothing yet. Type other letters after “after”, and guess again.",
    compare:
      "The model gives each letter a probability p. Here each letter is a level, at the height E = −log p: the likelier, the lower. 2,000 particles hop between the levels. At t = 1 their shares are p, what the model says.",
  },
  {
    title: "Freeze",
    set: { t: 1 },
    predict: "t goes to 0. Where do the 2,000 particles end, and what becomes of the text?",
    drag: "Pull t slowly to its cold end.",
    compare:
      "All fall to the lowest level: the likeliest letter, always. The text walks into a loop, for nothing is left to chance. A chat program at temperature 0 does the same with words.",
  },
  {
    title: "Boil",
    set: { t: 1 },
    predict: "t goes to ∞. How often does a rare letter come, and how often a common one?",
    drag: "Pull t to its hot end.",
    compare: "Equally often. Heights no longer matter, each letter has the same share, and the text is noise.",
  },
  {
    title: "Why energies?",
    set: { t: 1 },
    predict: "One letter is twice as likely as another. How many times as likely is it at t = 0.5?",
    drag: "Read off the shares of two letters at t = 1. Then type t = 0.5.",
    compare:
      "Four times, which is 2 to the power 1/t. To divide all log p by t is to raise all p to the power 1/t; softmax makes them add up to 1. Nature does so with energies: a level higher by E is rarer by exp(−E/t). So −log p is an energy, and t a temperature.",
  },
  {
    title: "Two levels of molecules obey the same",
    set: { t: 1, system: "two levels", speed: 1 },
    predict: "2,000 molecules, levels at 0 and 1. How many are on the upper one at t = 1, at t = 0 and at t = ∞?",
    drag: "Look at t = 1, then go to both ends. The text below follows the same slider.",
    compare: "About 538, none, and 1,000. The formula of the letters, softmax(−E/t), gives these shares as well.",
  },
  {
    title: "Heat falls and climbs",
    set: { t: 1, system: "ladder", speed: 1 },
    predict: "A bath keeps the gas at t. If t drops, does heat flow into the bath or out of it? And if t rises?",
    drag: "Go to t = 0.3, watch the arrows, and come back.",
    compare:
      "A molecule that falls gives its energy to the bath, one that climbs takes it out. Cooling pours heat into the bath; at a steady t both flows are equal.",
  },
  {
    title: "A temperature that nobody sets",
    set: { system: BOX, speed: 0.25 },
    predict:
      "No bath, no t. 2,000 molecules hold one portion of energy each, a quantum. Over and over two meet and share at random what they hold. How many will hold none?",
    drag: "Nothing: watch, or press Settle. Then choose more quanta each.",
    compare:
      "Half hold none, a quarter one, an eighth two: there are more ways to be unequal. That is softmax(−E/t), and t is counted. The entropy S is the log of the number of ways; 1/t is what one quantum more adds to it, ΔS/ΔE = 0.693.",
  },
  {
    title: "Entropy is one: the t of a text",
    set: { t: 0.7 },
    predict: "Somebody hands you the letters that were drawn, but not t. Can you tell which t it was?",
    drag: "Move t anywhere, let it settle, and look at “t read off”.",
    compare:
      "Yes, if one knows the model. Cold text keeps to likely letters, hot text takes unlikely ones; only one t makes letters as unlikely, on average, as these. So the t of a text says how freely its letters were chosen: it is the number that divided log p. The t of a gas is read off its energies in the same way. Both have the entropy S = −Σ p log p, and 1/t = ΔS/ΔE.",
  },
];

function showTour({ state }) {
  const box = byId("tour"), step = TOUR[(state.tour ?? 1) - 1];
  byId("tour-dots").innerHTML = TOUR.map(
    ({ title }, k) => `<a href="#tour=${k + 1}" title="${title}"${(state.tour ?? 1) === k + 1 ? ' aria-current="step"' : ""}>${k + 1}</a>`,
  ).join("");
  byId("tour-title").textContent = step.title;
  for (const name of ["predict", "drag", "compare"]) byId(`tour-${name}`).textContent = step[name];
  if (box.dataset.step !== String(state.tour ?? 1)) byId("answer").open = false;
  box.dataset.step = state.tour ?? 1;
  byId("tour-back").disabled = (state.tour ?? 1) === 1;
  byId("tour-next").disabled = state.tour === TOUR.length;
}
