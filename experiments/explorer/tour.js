// The guided tour: each step sets the page, asks for a prediction, and tells what to drag and what to compare with.

const TOUR = [
  {
    title: "At t = 1 it is p itself",
    set: { t: 1 },
    predict: "A model has read a text. After “the s”, which letter does it expect most, and how often?",
    drag: "Nothing yet. Type other letters after “after”, and guess again.",
    compare: "Each letter is a level at the height E = −log p. At t = 1 softmax(−E/1) is p: what the model says, unchanged.",
  },
  {
    title: "Freeze",
    set: { t: 1 },
    predict: "t goes to 0. Where do the 2,000 particles end, and what becomes of the text?",
    drag: "Pull t slowly to its cold end.",
    compare: "All fall to the lowest level: the likeliest letter, always. The text walks into a loop, for nothing is left to chance.",
  },
  {
    title: "Boil",
    set: { t: 1 },
    predict: "t goes to ∞. What is the share of a rare letter, and of a common one?",
    drag: "Pull t to its hot end.",
    compare: "Heights no longer matter: each letter has the same share, 1 over their number, and the text is noise.",
  },
  {
    title: "Why energies?",
    set: { t: 1 },
    predict: "One letter is twice as likely as another. How many times as likely is it at t = 0.5?",
    drag: "Read off the shares of two letters at t = 1. Then type t = 0.5.",
    compare:
      "Four times: a ratio of p is a difference of heights, p₁/p₂ = exp(−(E₁ − E₂)/t). Only height over t counts, as for molecules.",
  },
  {
    title: "Two levels of molecules obey the same",
    set: { t: 1, system: "two levels", speed: 1 },
    predict: "2,000 molecules, levels at 0 and 1. How many are on the upper one at t = 1, at t = 0 and at t = ∞?",
    drag: "Look at t = 1, then go to both ends. The text below follows the same slider.",
    compare: "About 538, none, and 1,000. The same line of code that picks letters, softmax(−E/t), draws the same shares.",
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
    title: "Entropy is one: the t of a text",
    set: { t: 0.7 },
    predict: "Somebody hands you the letters that were drawn, but not t. Can you tell which t it was?",
    drag: "Move t anywhere, let it settle, and look at “t read off”.",
    compare:
      "Yes: only one t gives these letters their mean −log p, and the t of a gas is read off in the same way. So the t of a text is the number that divided its log p. S = −Σ p log p is one formula for both, and 1/t = dS/dU.",
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
