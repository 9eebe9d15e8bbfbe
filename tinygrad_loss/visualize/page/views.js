// Views: the layouts, their boxes and arrows by id

const LETTER = 6; // the width of one, on average

const placeOf = (element) => element.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
const boxOf = (view, id) => view.home[id] || id;
const state = { step: lastStep, node: null, view: null, theme: null };
const svgs = [...document.querySelectorAll("svg.view")];
for (const [place, view] of views.entries()) {
  view.svg = svgs[place];
  view.svg.style.width = `${view.svg.dataset.width}px`;
  view.svg.style.height = `${view.svg.dataset.height}px`;
  view.home = {};
  for (const [box, layer] of Object.entries(view.layers)) for (const id of layer.members) view.home[id] = box;
  view.boxes = {};
  for (const element of view.svg.querySelectorAll(".node")) {
    const id = element.dataset.id;
    const [value, gradient] = ["value", "gradient"].map((kind) => element.querySelector(`.${kind}`));
    const title = view.titles[id] || nameOf(id);
    element.setAttribute("aria-label", title);
    const held = view.layers[id] ? view.layers[id].outputs : [id];
    const room = Math.floor((element.firstElementChild.getAttribute("width") - 16) / LETTER); // letters in a line
    view.boxes[id] = { element, value, gradient, texts: {}, at: placeOf(element), held, room };
  }
  view.arrows = {};
  for (const element of view.svg.querySelectorAll(".edge")) {
    view.arrows[element.dataset.id] = { element, flow: element.querySelector(".flow"), texts: {}, edges: [] };
  }
  for (const [id, edge] of Object.entries(edges)) {
    const arrow = arrowOf(view, id, edge);
    if (arrow) arrow.edges.push(edge);
  }
  view.marked = [];
  view.drawn = null; // the step whose numbers it shows
  view.place = null; // where it was moved to: {x, y, scale}
}

function arrowOf(view, id, edge) {
  const [source, target] = [boxOf(view, edge.source), boxOf(view, edge.target)];
  if (source === edge.source && target === edge.target) return view.arrows[id];
  const [from, to] = [source, target].map((box) => box.replace(/^n+/, ""));
  return view.arrows[`e${from}_${to}_0`];
}

const current = () => views.find((view) => view.name === state.view);

// what is there already is remembered, as asking the page for it takes longer than writing it

function write(held, part, text) {
  if (!held[part] || held.texts[part] === text) return;
  held.texts[part] = text;
  held[part].textContent = text;
}

function fitting(box, text, more = "") {
  const room = box.room - more.length;
  return (text.length > room ? `${text.slice(0, room - 1)}…` : text) + more;
}

function drawNumbers(view) {
  const { boxes, arrows } = touched(view, view.drawn, state.step);
  for (const box of boxes) drawBox(box);
  for (const arrow of arrows) drawArrow(arrow);
  view.drawn = state.step;
  mark(view);
}

function touched(view, from, to) {
  // what changes between two steps; all of it at first, and when numbers were changed
  if (from === null) return { boxes: Object.values(view.boxes), arrows: Object.values(view.arrows) };
  const boxes = new Set();
  const arrows = new Set();
  for (const step of steps.slice(Math.min(from, to) + 1, Math.max(from, to) + 1)) {
    if (step.node) boxes.add(view.boxes[boxOf(view, step.node)]);
    if (!step.edge) continue;
    boxes.add(view.boxes[boxOf(view, edges[step.edge].source)]);
    const arrow = arrowOf(view, step.edge, edges[step.edge]);
    if (arrow) arrows.add(arrow);
  }
  return { boxes, arrows };
}

function drawBox(box) {
  const step = state.step;
  const ready = box.held.every((id) => (madeAt[id] || 0) <= step);
  if (box.ready !== ready) box.element.classList.toggle("ahead", !ready);
  box.ready = ready;
  if (isProgram) {
    const { code, shape } = box.held.length === 1 ? nodes[box.held[0]].facts : {};
    const { value } = nodes[box.held[0]];
    write(box, "value", fitting(box, code || shape || (value ? brief(value) : "")));
    write(box, "gradient", fitting(box, (code && shape) || ""));
    return;
  }
  write(box, "value", ready ? fitting(box, box.held.map((id) => brief(nodes[id].value)).join(" and ")) : "");
  const arrived = box.held.map((id) => gradientAt(id, step)).filter(Boolean);
  const more = box.held.some((id) => arrivals[id].length && !isComplete(id, step)) ? " …" : "";
  const text = arrived.length ? `∇ ${arrived.map(brief).join(" and ")}` : "";
  write(box, "gradient", text && fitting(box, text, more));
}

function drawArrow(arrow) {
  const flowing = arrow.edges.filter((edge) => edge.at <= state.step);
  const several = flowing.length > 1 ? `${flowing.length} contributions` : "";
  write(arrow, "flow", several || (flowing.length ? product(flowing[0]) : ""));
}

function mark(view) {
  for (const [element, kind] of view.marked) element.classList.remove(kind);
  view.marked = [];
  const put = (element, kind) => {
    element.classList.add(kind);
    view.marked.push([element, kind]);
  };
  const step = steps[state.step];
  if (step.edge && state.step !== lastStep) {
    const edge = edges[step.edge];
    const arrow = arrowOf(view, step.edge, edge);
    if (arrow) put(arrow.element, "active");
    put(view.boxes[boxOf(view, edge.source)].element, "active");
  } else if (step.node) {
    put(view.boxes[boxOf(view, step.node)].element, "active");
  }
  const chosen = state.node && view.boxes[boxOf(view, state.node)];
  if (!chosen) return;
  put(chosen.element, "selected");
  const id = chosen.element.dataset.id;
  for (const [, arrow] of Object.entries(view.arrows)) {
    if (arrow.edges.some((edge) => [edge.source, edge.target].some((end) => boxOf(view, end) === id))) {
      put(arrow.element, "near");
    }
  }
}
