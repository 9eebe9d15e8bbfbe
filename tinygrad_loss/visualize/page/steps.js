// Steps: nothing computed, each op forward, the start of backward, each contribution

const steps = [{ kind: "start" }];
const madeAt = {};
const arrivals = {}; // of contributions at each node: {step, after}
for (const id of order) arrivals[id] = [];
for (const id of graph.forward) madeAt[id] = steps.push({ kind: "forward", node: id }) - 1;
if (nodes[graph.output] && !isProgram) {
  arrivals[graph.output].push({ step: steps.push({ kind: "seed", node: graph.output }) - 1 });
}
const backwardFrom = steps.length - 1;
for (const one of graph.backward) {
  const edge = edges[one.edge];
  one.before = arrivals[edge.source].at(-1);
  one.step = steps.push({ kind: "backward", edge: one.edge, one }) - 1;
  edge.at = one.step;
  arrivals[edge.source].push(one);
}
const lastStep = steps.length - 1;

const contribution = (edge) => edge.contribution || nodes[edge.source].gradient;
const after = (arrival, id) => (arrival ? arrival.after || nodes[id].gradient : null);

function gradientAt(id, step) {
  let found = null;
  for (const arrival of arrivals[id]) if (arrival.step <= step) found = arrival;
  return after(found, id);
}

function isComplete(id, step) {
  const all = arrivals[id];
  return all.length > 0 && all.at(-1).step <= step;
}

function normOf(value) {
  if (value.parts) return Math.hypot(...value.parts.map(normOf));
  return isScalar(value) ? Math.abs(Number(value.cells[0])) : Number(value.norm);
}

function product(edge) {
  const upstream = nodes[edge.target].gradient;
  const passed = contribution(edge);
  if (isScalar(upstream) && isScalar(passed) && isScalar(edge.local)) {
    return `${brief(upstream)} × ${brief(edge.local)} = ${brief(passed)}`;
  }
  if (!passed) return "";
  if (passed.norm === undefined || !upstream) return brief(passed);
  const received = normOf(upstream);
  const gain = received ? ` · gain ${number(Number(passed.norm) / received)}` : "";
  return `norm ${number(passed.norm)}${gain}`;
}

function captionOf(position) {
  const step = steps[position];
  if (step.kind === "start" && isProgram) return "Before the first line: only the arguments are there.";
  if (step.kind === "start") return "Before the first step: only leaves and constants have values.";
  if (step.kind === "forward") {
    const node = nodes[step.node];
    if (isProgram) {
      const text = node.name && node.title !== "return" ? `${node.name} = ${node.facts.code}` : node.facts.code;
      return `Line ${position} of ${graph.forward.length}: ${text}${node.facts.shape ? `, ${node.facts.shape}` : ""}`;
    }
    const formula = (ops[node.title] || {}).formula || node.title;
    return `Forward ${position} of ${graph.forward.length}: ${nameOf(step.node)}: ${formula} → ${brief(node.value)}`;
  }
  if (step.kind === "seed") {
    return `Backward starts at ${nameOf(step.node)} with the gradient ${brief(nodes[step.node].gradient)}.`;
  }
  const edge = edges[step.edge];
  const before = step.one.before ? brief(after(step.one.before, edge.source)) : "0";
  const complete = isComplete(edge.source, position) ? ", complete" : "";
  const hidden = nodes[edge.source].hidden ? ", with what is not shown" : "";
  return (
    `Backward ${position - backwardFrom} of ${graph.backward.length}: ${nameOf(edge.target)} passes to ` +
    `${nameOf(edge.source)} (as ${edge.argument}) ${product(edge)}. ` +
    `Its gradient: ${before} → ${brief(after(step.one, edge.source))}${complete}${hidden}`
  );
}
