// Handles over the levels that a reader may move, by pointer or by keys.

function layHandles(explorer) {
  const { world, levels, state } = explorer;
  const box = byId("handles");
  const movable = state.system === OWN ? world.system.energies : [];
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
      const energy = explorer.state.levels[level];
      const moves = { ArrowUp: energy + 0.1, ArrowDown: energy - 0.1, PageUp: energy + 0.5, PageDown: energy - 0.5 };
      const target = { ...moves, Home: 0, End: HIGHEST }[event.key];
      if (target === undefined) return;
      explorer.setLevel(level, target);
      event.preventDefault();
    });
  });
  placeHandles(explorer);
}

function placeHandles({ world, levels }) {
  const { x, step, gap, yOf } = levels.plan;
  [...byId("handles").children].forEach((handle, i) => {
    const energy = world.system.energies[i];
    handle.style.cssText = `left:${x[i] + gap}px;width:${step - 2 * gap}px;top:${yOf(energy) - 16}px;height:32px`;
    handle.setAttribute("aria-valuenow", energy);
  });
}
