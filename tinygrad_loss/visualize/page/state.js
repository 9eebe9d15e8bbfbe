// State: the step, the node, the view and the theme, kept in the address

function redraw() {
  const view = current();
  drawNumbers(view);
  drawPanel();
  $("steps").value = state.step;
  $("caption").textContent = captionOf(state.step);
  remember();
}

const PAUSE = 120; // milliseconds after a step: writing the address at every one takes longer than the step
let remembered = { node: null, view: null };
let waiting = null; // what is still to be written into the address

function remember() {
  // another node or view is a place to come back to with the browser's back button; a step is not
  const moved = state.node !== remembered.node || state.view !== remembered.view;
  remembered = { node: state.node, view: state.view };
  const parts = [`step=${state.step}`, `view=${state.view}`];
  if (state.node) parts.push(`node=${state.node}`);
  if (state.theme) parts.push(`theme=${state.theme}`);
  if (moved) settle();
  if (moved) return address("pushState", `#${parts.join("&")}`);
  clearTimeout(waiting && waiting.timer);
  waiting = { text: `#${parts.join("&")}`, timer: setTimeout(settle, PAUSE) };
}

function settle() {
  if (!waiting) return;
  clearTimeout(waiting.timer);
  address("replaceState", waiting.text);
  waiting = null;
}

function address(how, text) {
  try {
    history[how](null, "", text);
  } catch {
    // a frame without an address of its own: there is nothing to remember in
  }
}

function recall() {
  clearTimeout(waiting && waiting.timer);
  waiting = null; // the address is newer
  const text = location.hash.slice(1);
  const found = new URLSearchParams(/^\d+$/.test(text) ? `step=${text}` : text);
  const view = found.get("view");
  if (views.some((each) => each.name === view)) state.view = view;
  const step = Number.parseInt(found.get("step"), 10);
  if (step >= 0) state.step = Math.min(step, lastStep);
  const node = found.get("node");
  state.node = nodes[node] || (current() && current().layers[node]) ? node : null;
  if (["light", "dark"].includes(found.get("theme"))) state.theme = found.get("theme");
  remembered = { node: state.node, view: state.view };
}

function go(step) {
  state.step = Math.min(Math.max(step, 0), lastStep);
  redraw();
  follow();
}

function happening() {
  // the value that the step is about; none before the first step, and none when all is done
  const step = steps[state.step];
  return state.step === lastStep ? null : step.edge ? edges[step.edge].source : step.node;
}

function follow() {
  // where what is happening lies outside the window, in a picture large enough to be read, go there
  const id = happening();
  const view = current();
  if (!id || view.place.scale < READABLE) return;
  const [x, y] = view.boxes[boxOf(view, id)].at;
  const { width, height } = stageSize;
  const [left, top] = [view.place.x + x * view.place.scale, view.place.y + y * view.place.scale];
  if (left < 0 || top < 0 || left > width - 60 || top > height - 40) bring(id);
}

function select(id) {
  state.node = id;
  mark(current());
  drawPanel();
  remember();
}

function show(name) {
  state.view = name;
  for (const view of views) view.svg.classList.toggle("shown", view.name === name);
  for (const button of $("views").children) button.classList.toggle("on", button.dataset.view === name);
  const view = current();
  if (!nodes[state.node] && !view.layers[state.node]) state.node = null;
  if (!view.place) fit(view, READABLE);
  find($("search").value);
  redraw();
}

function unfold(box) {
  const view = current();
  const deeper = views[views.indexOf(view) + 1];
  if (!deeper) return;
  const inside = view.layers[box].outputs[0];
  state.node = inside;
  show(deeper.name);
  bring(inside);
}

function paint() {
  const dark = state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
