// What each word means, behind its question mark.

const MEANINGS = {
  temperature:
    "t says how freely letters are chosen. At 0 only the likeliest comes, at 1 each comes as often as the model says, at ∞ all come equally often. For molecules: how freely they climb to higher levels.",
  "ΔS/ΔE":
    "S is the logarithm of the number of ways in which the molecules can hold the energy E. 1/t is what one quantum more adds to S: many more ways, cold; few more, hot.",
  sweep: "A sweep is one attempted move by every particle. It is no time of nature: it is the clock of the simulation. In the closed box a sweep is one meeting of every two.",
  nats: "A nat is the unit of entropy and of −log p with the natural logarithm: 1 nat is 1.44 bits.",
  perplexity: "Perplexity is exp(S): a choice as uncertain as one among so many equally likely letters.",
  "p-value":
    "The p-value is how often chance alone, if the law is right, gives counts at least as far from it as these. Tiny ones should be as rare as they say.",
  bath: "A heat bath keeps the gas at t. A particle that falls gives its energy into the bath; one that climbs takes energy out of it.",
  "closed box":
    "No bath, and no t: two molecules meet and share anew what they hold, any division being as likely as any other. The energy of all stays the same, to the quantum.",
  "law and sampler":
    "The law is the formula: shares of exp(−E/t), made to add up to 1; of the closed box, what counting says. The sampler does what a text generator does: divide log p by t, take the softmax, draw. It knows no particles.",
  keys:
    "Arrows, Home and End move t; Space plays and pauses; PageDown and PageUp walk the tour; F shows the page for a lecture.",
  "t read off": "The t whose law has the mean energy of these counts. Of all t it makes the counts likeliest.",
};

function listenForMeanings() {
  const box = byId("meaning");
  let asked = null;
  const close = () => {
    box.hidden = true;
    if (asked) asked.focus();
    asked = null;
  };
  for (const button of document.querySelectorAll("[data-word]")) {
    const word = button.dataset.word;
    button.setAttribute("aria-label", `What does ${word} mean?`);
    button.addEventListener("click", () => {
      if (asked === button) return close();
      asked = button;
      byId("meaning-text").textContent = MEANINGS[word];
      box.hidden = false;
      return undefined;
    });
  }
  byId("meaning-close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => event.key === "Escape" && asked && close());
}
