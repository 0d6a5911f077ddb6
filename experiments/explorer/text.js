// The text, letter by letter. Lines are broken here and keep their words: what no longer fits leaves by whole lines.

class TextPicture {
  constructor(container) {
    this.container = container;
    this.world = null;
  }

  // How many letters a line holds, and how many lines there are.
  lay(world) {
    const style = getComputedStyle(this.container);
    const probe = document.createElement("span");
    probe.textContent = "m".repeat(50);
    this.container.replaceChildren(probe);
    const wide = this.container.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const columns = Math.max(10, Math.floor((wide * 50) / probe.getBoundingClientRect().width) - 1); // and a space
    const lines = Math.max(1, Math.floor(this.container.clientHeight / parseFloat(style.lineHeight) + 0.02));
    if (columns !== this.columns || lines > this.lines || world !== this.world) this.first = world.dropped; // the letter that the box begins with
    Object.assign(this, { world, columns, lines });
  }

  write(world) {
    if (this.begun !== world.textRandom) {
      this.begun = world.textRandom;
      this.first = 0;
    }
    this.first = Math.max(this.first, world.dropped);
    const letters = world.text.slice(this.first - world.dropped);
    const broken = brokenIntoLines(letters.map(({ id }) => world.model.alphabet[id]), this.columns);
    const gone = Math.max(0, broken.length - this.lines);
    if (gone) this.first += broken[gone];
    const starts = broken.slice(gone), ends = [...starts.slice(1), letters.length];
    this.container.innerHTML = starts
      .map((start, k) => `<div>${letters.slice(start, ends[k]).map((letter) => inked(letter, world.model.alphabet)).join("")}</div>`)
      .join("");
    this.container.setAttribute("aria-label", letters.slice(starts[0]).map(({ id }) => world.model.alphabet[id]).join(""));
  }
}

// Return where each line begins: after the last space that fits, or where a word is longer than a line.
function brokenIntoLines(letters, columns) {
  const starts = [0];
  let start = 0, space = -1;
  letters.forEach((letter, k) => {
    if (k - start >= columns && letter !== " ") {
      start = space >= start ? space + 1 : k;
      starts.push(start);
    }
    if (letter === " " || letter === "\n") space = k;
  });
  return starts;
}

function inked({ id, bits, given }, alphabet) {
  const letter = alphabet[id] === "\n" ? "↵" : escaped(alphabet[id]);
  return given ? `<i>${letter}</i>` : `<span style="--bits:${Math.min(8, bits).toFixed(1)}">${letter}</span>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
