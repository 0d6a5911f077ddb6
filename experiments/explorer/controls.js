// What a reader presses, types and drags.

function fillIn({ check }) {
  byId("slider").max = LAST;
  byId("ticks").innerHTML = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, Infinity]
    .map((t) => `<span style="--place:${positionOf(t) / LAST}">${showTemperature(t)}</span>`)
    .join("");
  byId("system").innerHTML = [LETTERS, ...Object.keys(SYSTEMS), BOX].map((name) => `<option>${name}</option>`).join("");
  byId("speed").innerHTML = SPEEDS.map((speed) => `<option value="${speed}">× ${speed}</option>`).join("");
  byId("each").innerHTML = QUANTA.map((each) => `<option>${each}</option>`).join("");
  for (const place of document.querySelectorAll(".particles")) place.textContent = PARTICLES.toLocaleString("en");
  const { agrees, compared, worst, where } = check;
  byId("check").textContent = agrees
    ? `✓ Self-check: ${compared} numbers agree with Python’s to 1e-12 (largest difference ${worst.toPrecision(1)}).`
    : `✗ Self-check FAILS: ${where} differs from Python’s numbers by ${worst.toPrecision(2)}.`;
}

function showControls(explorer) {
  const { state, model } = explorer;
  showSlider(explorer);
  const fields = { system: state.system, context: state.context, seed: state.seed, speed: state.speed, each: state.each };
  for (const [id, value] of Object.entries(fields)) if (document.activeElement !== byId(id)) byId(id).value = value;
  const unknown = [...new Set(state.context)].filter((letter) => !model.ids.has(letter));
  const named = unknown.slice(0, 5).map((letter) => `“${letter}”`).join(", ") + (unknown.length > 5 ? ", …" : "");
  byId("unknown").textContent = unknown.length ? `The model has never seen ${named}: left out.` : "";
  byId("theme").textContent = explorer.dark() ? "Light" : "Dark";
  layBoxes(explorer);
}

// The temperature: that which is set; or of a closed box, that which was counted, once it is at equilibrium.
function showSlider({ state: { t: chosen }, world: { closed, atEquilibrium, t: counted } }) {
  const slider = byId("slider"), typed = byId("typed"), known = !closed || atEquilibrium;
  const t = closed ? Number(counted.toPrecision(3)) : chosen;
  slider.value = positionOf(t);
  slider.disabled = typed.readOnly = closed;
  slider.classList.toggle("unknown", !known);
  slider.setAttribute("aria-valuetext", known ? `t = ${showTemperature(t)}` : "no temperature yet");
  if (closed || document.activeElement !== typed) typed.value = known ? showTemperature(t) : "–";
}

function readTyped(explorer, field) {
  const t = readTemperature(field.value);
  field.setAttribute("aria-invalid", String(t === null));
  byId("problem").textContent = t === null ? "A temperature is a number, or ∞ (type inf)." : "";
  if (t !== null) explorer.setTemperature(t);
}

function listen(explorer) {
  const on = (id, event, heard) => byId(id).addEventListener(event, heard);
  on("slider", "input", ({ target }) => explorer.setTemperature(temperatureAt(Number(target.value))));
  on("typed", "input", ({ target }) => readTyped(explorer, target));
  on("typed", "change", ({ target }) => {
    target.value = showTemperature(explorer.state.t);
    readTyped(explorer, target);
  });
  on("play", "click", () => explorer.play(!explorer.playing));
  on("step", "click", () => explorer.step());
  on("settle", "click", () => explorer.settle());
  on("reset", "click", () => explorer.reset());
  on("speed", "change", ({ target }) => {
    explorer.state.speed = Number(target.value);
    explorer.remember();
  });
  on("system", "change", ({ target }) => explorer.set({ system: target.value }));
  on("each", "change", ({ target }) => explorer.set({ each: Number(target.value) }));
  on("context", "input", ({ target }) => explorer.setContext(target.value));
  on("seed", "input", ({ target }) => {
    if (/^\d{1,15}$/.test(target.value)) explorer.set({ seed: Number(target.value) });
  });
  on("seed", "change", ({ target }) => (target.value = explorer.state.seed));
  on("theme", "click", () => explorer.restyle({ theme: explorer.dark() ? "light" : "dark" }));
  on("lecture", "click", () => explorer.restyle({ lecture: !explorer.state.lecture }));
  on("tour-back", "click", () => explorer.walk(-1));
  on("tour-next", "click", () => explorer.walk(1));
  on("answer", "toggle", ({ target }) => byId("tour").classList.toggle("answered", target.open));
  listenToBoxes(explorer);
  listenForMeanings();
  listenToThePage(explorer);
}

function listenToThePage(explorer) {
  window.addEventListener("hashchange", () => explorer.open(fromHash(location.hash)));
  const resized = new ResizeObserver(() => explorer.layOut());
  for (const id of ["gas", "curves", "text"]) resized.observe(byId(id));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => explorer.layOut());
  explorer.still.addEventListener("change", () => explorer.play(false));
  // A button that was clicked lets go of the keys, so that Space goes on to play.
  document.addEventListener("click", ({ target, detail }) => detail > 0 && target.closest("button") && !target.closest("#handles") && target.closest("button").blur());
  document.addEventListener("keydown", (event) => key(explorer, event));
}

// Keys of the whole page. Where one types, only those that a presenter's remote sends are taken; a button that was
// reached by keys keeps its Space, but in a lecture.
function key(explorer, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event, slider = target === byId("slider");
  const typing = target.matches("input:not([type=range])"), picking = target.matches("select");
  const pressing = target.matches("button, summary, a") && !explorer.state.lecture;
  const nowhere = target === document.body && document.documentElement.scrollHeight <= innerHeight;
  const arrow = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];

  if (event.key === "PageDown" || event.key === "PageUp") explorer.walk(event.key === "PageDown" ? 1 : -1);
  else if (typing) return;
  else if (event.key === "Home") explorer.setTemperature(0);
  else if (event.key === "End") explorer.setTemperature(Infinity);
  else if (event.key === " " && !pressing) explorer.play(!explorer.playing);
  else if (arrow && (slider || nowhere)) explorer.setTemperature(neighbourOf(explorer.state.t, arrow));
  else if (/^f$/i.test(event.key) && !picking) explorer.restyle({ lecture: !explorer.state.lecture });
  else return;
  event.preventDefault();
}
