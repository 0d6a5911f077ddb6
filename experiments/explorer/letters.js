// The third picture: the next letter by three roads, and a text written letter by letter.

const SHOWN_LETTERS = 12;

class LettersPicture {
  constructor(container, text) {
    this.container = container;
    this.text = text;
  }

  // The letters keep their places, the likeliest of the model first, whatever t does to their shares.
  lay({ logits, model }) {
    const order = logits.map((_, id) => id).sort((a, b) => logits[b] - logits[a]);
    this.ids = order.slice(0, SHOWN_LETTERS);
    this.names = this.ids.map((id) => escaped(shown(model.alphabet[id])));
    this.width = this.container.clientWidth;
    this.height = this.container.clientHeight;
    this.size = textSize();
  }

  draw(world) {
    const { size } = this;
    const total = PARTICLES, draws = sum([...world.drawn]);
    const shares = this.ids.map((id) => ({
      law: world.letterLaw.p[id],
      simulated: world.letterGas.counts[id] / total,
      sampled: world.drawn[id] / draws,
    }));
    const largest = Math.max(...shares.flatMap(({ law, simulated, sampled }) => [law, simulated, sampled || 0]));
    const top = [0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1].find((value) => value >= Math.min(1, 1.05 * largest));
    const left = 3.8 * size, foot = this.height - 2.2 * size;
    const step = (this.width - left) / shares.length;
    const y = (share) => (size + (foot - size) * (1 - Math.min(share, top) / top)).toFixed(1);
    const tick = (share) => `<path class="grid" d="M${left} ${y(share)}H${left + step * shares.length}"/>
      <text x="${left - 0.5 * size}" y="${Number(y(share)) + 0.35 * size}" text-anchor="end">${Number((100 * share).toPrecision(3))} %</text>`;
    const letters = shares.map(({ law, simulated, sampled }, k) => {
      const x = left + (k + 0.5) * step, half = Math.min(0.42 * step, 22);
      const error = 2 * Math.sqrt((simulated * (1 - simulated)) / total);
      const square = Number.isNaN(sampled) ? "" : `<rect class="sampler" x="${x - 7}" y="${y(sampled) - 7}" width="14" height="14"/>`;
      return `<path class="law" d="M${x - half} ${y(law)}h${2 * half}"/>
        <path class="simulation" d="M${x} ${y(simulated + error)}V${y(Math.max(0, simulated - error))}"/>
        <circle class="simulation" cx="${x}" cy="${y(simulated)}" r="4"/>${square}
        <text class="letter" x="${x}" y="${foot + 1.75 * size}" text-anchor="middle">${this.names[k]}</text>`;
    });
    this.container.innerHTML = `<svg role="img" aria-label="shares of the likeliest letters by law, simulation and sampler">
      ${[0, top / 2, top].map(tick).join("")}${letters.join("")}</svg>`;
  }

  write(world) {
    const letters = world.text.map(({ id, bits, given }) => {
      const letter = world.model.alphabet[id] === "\n" ? "↵ " : escaped(world.model.alphabet[id]);
      return given ? `<i>${letter}</i>` : `<span style="--bits:${Math.min(8, bits).toFixed(1)}">${letter}</span>`;
    });
    this.text.innerHTML = letters.join("");
    this.text.setAttribute("aria-label", world.text.map(({ id }) => world.model.alphabet[id]).join(""));
    this.text.scrollTop = this.text.scrollHeight;
  }
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
