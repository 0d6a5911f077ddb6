// Levels of one's own: handles over the marks, to be dragged, and boxes for energies and degeneracies.

function layHandles(explorer) {
  const { state, levels } = explorer;
  const box = byId("handles"), movable = state.system === OWN ? state.levels : [];
  if (box.children.length === movable.length) {
    placeHandles(explorer); // one may be in somebody's hand
    return;
  }
  box.innerHTML = movable
    .map((_, i) => `<button type="button" role="slider" aria-orientation="vertical" aria-valuemin="0"
      aria-valuemax="${HIGHEST}" aria-label="energy of level ${i}"></button>`)
    .join("");
  const energyAt = (y) => {
    const { yOf } = levels.plan;
    return (HIGHEST * (yOf(0) - y)) / (yOf(0) - yOf(HIGHEST));
  };
  [...box.children].forEach((handle, level) => {
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      explorer.setLevel(level, energyAt(event.clientY - box.getBoundingClientRect().top));
    });
    handle.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.5 : 0.1, direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!direction) return;
      explorer.setLevel(level, explorer.state.levels[level] + direction * step);
      event.preventDefault();
    });
  });
  placeHandles(explorer);
}

function placeHandles({ levels, state }) {
  const { axis, mark, yOf, lowest } = levels.plan;
  [...byId("handles").children].forEach((handle, i) => {
    const y = yOf(Math.max(lowest, state.levels[i]));
    handle.style.cssText = `left:${axis - 2}px;width:${mark + 10}px;top:${y - 16}px;height:32px`;
    handle.setAttribute("aria-valuenow", state.levels[i]);
  });
}

// One pair of boxes a level; they stay while somebody types in one.
function layBoxes({ state }) {
  const box = byId("boxes");
  byId("own").hidden = state.system !== OWN;
  if (box.children.length !== state.levels.length)
    box.innerHTML = state.levels
      .map((_, i) => `<span class="level">${i}: <label>E <input data-level="${i}" data-what="levels" inputmode="decimal"></label>
        <label>g <input data-level="${i}" data-what="degeneracies" inputmode="numeric"></label>
        <button type="button" data-remove="${i}" aria-label="remove level ${i}">×</button></span>`)
      .join("");
  for (const input of box.querySelectorAll("input"))
    if (document.activeElement !== input) input.value = state[input.dataset.what][input.dataset.level];
  for (const button of box.querySelectorAll("button")) button.disabled = state.levels.length === 1;
  byId("add").disabled = state.levels.length === MOST_LEVELS;
}

function listenToBoxes(explorer) {
  const begin = (levels, degeneracies) => explorer.set({ levels, degeneracies, sweeps: explorer.playing ? null : 0, from: [] });
  byId("boxes").addEventListener("input", ({ target }) => {
    const { level, what } = target.dataset, { state } = explorer;
    const value = what === "levels" ? readEnergy(target.value) : readDegeneracy(target.value);
    target.setAttribute("aria-invalid", String(value === null));
    if (value === null) return;
    if (what === "levels") explorer.setLevel(Number(level), value);
    else begin(state.levels, state.degeneracies.map((g, i) => (i === Number(level) ? value : g)));
  });
  byId("boxes").addEventListener("change", ({ target }) => {
    target.value = explorer.state[target.dataset.what][target.dataset.level];
    target.setAttribute("aria-invalid", "false");
  });
  byId("boxes").addEventListener("click", ({ target }) => {
    if (!target.dataset.remove) return;
    const keep = (_, i) => i !== Number(target.dataset.remove);
    begin(explorer.state.levels.filter(keep), explorer.state.degeneracies.filter(keep));
  });
  byId("add").addEventListener("click", () => begin([...explorer.state.levels, HIGHEST], [...explorer.state.degeneracies, 1]));
  byId("usual").addEventListener("click", () => begin([...SYSTEMS[OWN].energies], [...SYSTEMS[OWN].degeneracies]));
}
