// The panel: all there is to know of what was chosen

const LISTED = 100; // leaves in the panel of the whole graph

function link(id) {
  return make("a", { textContent: nameOf(id), href: "#", onclick: (event) => {
    event.preventDefault();
    select(id);
    bring(id);
  } });
}

function localOf(edge) {
  if (!edge.local) return make("span", { className: "faint" }, "a matrix: the rule applies it without forming it");
  return shown(edge.local);
}

function inputsOf(node) {
  return node.inputs.map((id) => {
    const edge = edges[id];
    if (edge.at === undefined) return make("li", {}, `${edge.argument} = `, link(edge.source), ": no gradient flows");
    const arrived = edge.at <= state.step;
    return make("li", {}, `${edge.argument} = `, link(edge.source), " ",
      make("div", { className: "flowing" }, arrived ? product(edge) : "not passed on yet"),
      make("details", {},
        make("summary", {}, `local derivative ${edge.derivative || ""}`),
        localOf(edge),
        make("div", { className: "faint" }, "contribution"),
        shown(contribution(edge))));
  });
}

function usesOf(id) {
  const found = graph.backward.map((one) => edges[one.edge]).filter((edge) => edge.source === id);
  return found.map((edge) => make("li", {}, link(edge.target), ` as ${edge.argument}: `,
    make("span", { className: "flowing" }, edge.at <= state.step ? product(edge) : "not yet")));
}

function nodePanel(id) {
  const node = nodes[id];
  const op = ops[node.title] || {};
  const made = (madeAt[id] || 0) <= state.step;
  const gradient = gradientAt(id, state.step);
  const status = !arrivals[id].length ? "no gradient flows here"
    : isComplete(id, state.step) ? "" : gradient ? "so far; more contributions come" : "not reached yet";
  const value = node.value || {};
  const attributes = Object.entries(node.attributes).map(([name, text]) => `${name}=${text}`).join(", ");
  const parts = [
    make("h2", {}, nameOf(id)),
    make("div", { className: "faint" }, `${node.title} · ${id}${node.scope.length ? ` · in ${node.scope.join(" / ")}` : ""}`),
    facts([
      ["formula", op.formula], ["derivative", op.derivative], ["at a kink", op.kink], ["domain", op.domain],
      ["attributes", attributes], ["code", node.facts.code], ["shape", node.facts.shape],
      ["shape", value.shape ? `${shapeText(value.shape)} ${value.dtype}` : ""], ["memory", node.memory],
      ["made at", node.line],
    ]),
  ];
  if (canChange && !madeAt[id]) parts.push(make("h3", {}, "what if"), changer(id));
  if (isProgram) return [...parts, ...lineParts(node, id)];
  parts.push(make("h3", {}, "value"), made ? shown(node.value) : make("span", { className: "faint" }, "not computed yet"));
  parts.push(make("h3", {}, `gradient ∂${nameOf(graph.output)}/∂${nameOf(id)}`));
  if (status) parts.push(make("div", { className: "faint" }, status));
  if (gradient) parts.push(make("div", { className: "flowing" }, shown(gradient)));
  if (node.stored) parts.push(make("h3", {}, ".grad holds"), shown(node.stored));
  const uses = usesOf(id);
  if (uses.length) parts.push(make("h3", {}, `the sum of ${uses.length} contribution${uses.length > 1 ? "s" : ""}`), make("ul", { className: "uses" }, ...uses));
  if (node.hidden) parts.push(make("div", { className: "faint" }, `and of ${node.hidden} that are not shown`));
  if (node.inputs.length) parts.push(make("h3", {}, "inputs, and what goes back to them"), make("ul", {}, ...inputsOf(node)));
  if (op.source) parts.push(make("h3", {}, "the op and its rule"), make("pre", {}, op.source));
  return parts;
}

function links(title, ids) {
  return ids.length ? [make("h3", {}, title), make("ul", {}, ...ids.map((id) => make("li", {}, link(id))))] : [];
}

function lineParts(node, id) {
  const readers = order.filter((each) => nodes[each].inputs.some((edge) => edges[edge].source === id));
  return [
    ...(node.value ? [make("h3", {}, "value now"), shown(node.value)] : []),
    ...links("reads", node.inputs.map((edge) => edges[edge].source)),
    ...links("is read by", readers),
  ];
}

function layerPanel(view, box) {
  const layer = view.layers[box];
  const open = views[views.indexOf(view) + 1];
  const parts = [make("h2", {}, view.titles[box]), make("div", { className: "faint" }, `a layer of ${layer.members.length} nodes`)];
  if (open) parts.push(make("button", { textContent: "unfold", onclick: () => unfold(box) }));
  for (const id of isProgram ? [] : layer.outputs) {
    const gradient = gradientAt(id, state.step);
    parts.push(make("h3", {}, `result ${nameOf(id)}`), shown(nodes[id].value));
    parts.push(make("h3", {}, "its gradient"), make("div", { className: "flowing" }, shown(gradient)));
  }
  const inside = layer.members.map((id) => make("li", {}, link(id), ` ${isProgram ? nodes[id].facts.code || "" : brief(nodes[id].value)}`,
    make("div", { className: "flowing" }, nodes[id].gradient ? `∇ ${brief(gradientAt(id, state.step))}` : "")));
  parts.push(make("h3", {}, "inside"), make("ul", {}, ...inside));
  return parts;
}

function wholePanel() {
  const leaves = order.filter((id) => nodes[id].kind === "leaf");
  const parts = [make("h2", {}, nameOf(graph.output)), make("div", { className: "faint" }, graph.title)];
  if (graph.note) parts.push(make("p", {}, graph.note));
  const view = current();
  if (view.note) parts.push(make("p", {}, view.note));
  parts.push(make("p", {}, "Click a box to see all of it. Step with ← and →."));
  if (isProgram) {
    const [states, given] = [true, false].map((held) => leaves.filter((id) => Boolean(nodes[id].value) === held));
    return [...parts, ...links("arguments", given), ...links("parameters and states", states.slice(0, LISTED))];
  }
  parts.push(make("h3", {}, "what if"));
  if (canChange) {
    const many = leaves.length ? leaves.slice(0, 40) : order.filter((id) => !madeAt[id]);
    parts.push(make("p", { className: "faint" }, "Change a number: every value and gradient follows."));
    parts.push(make("div", { id: "changes" }, ...many.map(changer)));
    parts.push(make("button", { textContent: "as it was", onclick: restore }));
  } else {
    parts.push(make("p", { className: "faint" }, graph.whatIf.reason));
  }
  parts.push(make("h3", {}, "leaves and their gradients"));
  const spans = leaves.slice(0, LISTED).map((id) => [id, make("span", { className: "flowing" })]);
  parts.push(make("ul", {}, ...spans.map(([id, span]) => make("li", {}, link(id), " ", span))));
  if (leaves.length > LISTED) parts.push(make("div", { className: "faint" }, `and ${leaves.length - LISTED} more: search for them`));
  whole = { view: view.name, spans };
  refreshWhole();
  return parts;
}

let whole = null; // the panel of the whole graph, if it is the one shown: at a step only its gradients change

function refreshWhole() {
  for (const [id, span] of whole.spans) {
    const text = brief(gradientAt(id, state.step));
    if (span.textContent !== text) span.textContent = text;
  }
}

function drawPanel() {
  const view = current();
  if (!state.node && whole && whole.view === view.name) return refreshWhole();
  whole = null;
  const held = document.activeElement && document.activeElement.dataset.change;
  if (held && $("panel").contains(document.activeElement)) return refreshChanges();
  const parts = view.layers[state.node] ? layerPanel(view, state.node)
    : nodes[state.node] ? nodePanel(state.node) : wholePanel();
  $("panel").replaceChildren(...parts);
}
