// What if: every value and gradient computed again, by the ops' own functions

const original = {};
if (canChange) for (const id of order) if (!madeAt[id]) original[id] = nodes[id].value.cells[0];
const seed = nodes[graph.output] ? nodes[graph.output].gradient : null;
const scalar = (x, like) => ({ shape: like.shape, dtype: like.dtype, cells: [x] });

function compute() {
  const numbers = {};
  for (const id of order) {
    const node = nodes[id];
    const which = graph.whatIf.function[id];
    if (which !== undefined) {
      node.value = scalar(OPS[which].value(...node.inputs.map((edge) => numbers[edges[edge].source])), node.value);
    }
    numbers[id] = typeof node.value.cells[0] === "boolean" ? node.value.cells[0] : Number(node.value.cells[0]);
    if (node.gradient) node.gradient = null;
  }
  const totals = { [graph.output]: Number(seed.cells[0]) };
  for (const one of graph.backward) {
    const edge = edges[one.edge];
    const target = nodes[edge.target];
    const rule = OPS[graph.whatIf.function[edge.target]].rules[edge.index];
    const inputs = target.inputs.map((id) => numbers[edges[id].source]);
    const passed = rule(totals[edge.target], numbers[edge.target], ...inputs);
    edge.local = scalar(rule(1, numbers[edge.target], ...inputs), seed);
    edge.contribution = scalar(passed, seed);
    totals[edge.source] = edge.source in totals ? totals[edge.source] + passed : passed;
    one.after = scalar(totals[edge.source], seed);
  }
  for (const [id, total] of Object.entries(totals)) nodes[id].gradient = scalar(total, seed);
  for (const view of views) view.drawn = null;
}

function change(id, x) {
  nodes[id].value = scalar(x, nodes[id].value);
  compute();
  redraw();
}

function restore() {
  for (const [id, x] of Object.entries(original)) nodes[id].value = scalar(x, nodes[id].value);
  compute();
  whole = null; // its controls show the old numbers
  redraw();
}

function changer(id) {
  const now = Number(nodes[id].value.cells[0]);
  const reach = 2 * Math.max(1, Math.abs(Number(original[id])) || 1);
  const box = make("input", { type: "number", step: "any", value: String(Number(now.toPrecision(6))) });
  const slider = make("input", { type: "range", min: Number(original[id]) - reach, max: Number(original[id]) + reach, step: "any", value: String(now) });
  for (const [input, other] of [[box, slider], [slider, box]]) {
    input.dataset.change = id;
    input.setAttribute("aria-label", `${nameOf(id)}, ${input.type}`);
    input.oninput = () => {
      const x = input.valueAsNumber;
      if (!Number.isFinite(x)) return;
      other.value = input === slider ? String(Number(x.toPrecision(4))) : String(x);
      change(id, x);
    };
  }
  return make("div", { className: "change" }, make("label", {}, make("span", {}, nameOf(id)), box, slider));
}

function refreshChanges() {
  // the panel holds the control in use: all but that is written again
  const held = document.activeElement;
  const old = [...$("panel").children];
  const parts = nodePanel(state.node);
  parts.forEach((part, place) => {
    if (!old[place]) $("panel").append(part);
    else if (!old[place].contains(held)) old[place].replaceWith(part);
  });
  for (const rest of old.slice(parts.length)) rest.remove();
}
