"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const graph = JSON.parse($("graph").textContent);
  const { nodes, edges, ops, views } = graph;
  const order = Object.keys(nodes); // inputs come before the nodes that use them
  const canChange = Object.keys(graph.whatIf.function).length > 0;

  const isProgram = order.some((id) => nodes[id].facts.code); // its boxes are lines of code
  document.body.classList.toggle("program", isProgram);

  const LISTED = 100; // leaves in the panel of the whole graph
  const LETTER = 6; // the width of one, on average
  const READABLE = 0.3; // of full size: text drawn smaller cannot be read

  // Words: numbers and arrays as short text, as in the pictures

  function number(x, whole = false) {
    if (typeof x === "boolean") return x ? "True" : "False";
    x = Number(x); // NaN and the infinities come by name
    if (Number.isNaN(x)) return "NaN";
    if (!Number.isFinite(x)) return x > 0 ? "∞" : "-∞";
    if (whole) return String(x);
    if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
    const [digits, power] = inFourDigits(x).split("e");
    const exponent = Number(power);
    if (exponent < -4 || exponent >= 4) {
      const size = String(Math.abs(exponent)).padStart(2, "0");
      return `${Number(digits)}e${exponent < 0 ? "-" : "+"}${size}`;
    }
    const text = String(Number(`${digits}e${power}`));
    return text.includes(".") ? text : text + ".0";
  }

  function inFourDigits(x) {
    // as Python rounds: a tie goes to the even digit, where toExponential takes the larger
    const rounded = x.toExponential(3);
    const [digits, power] = x.toExponential(20).split("e");
    const tie = /^-?\d\.\d\d[02468]50*$/.test(digits);
    return tie ? `${digits.slice(0, digits.indexOf(".") + 4)}e${power}` : rounded;
  }

  const isWhole = (value) => /int/.test(value.dtype || "");
  const isScalar = (value) => value && value.cells && value.cells.length === 1;
  const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);
  const shapeText = (shape) => (shape.length ? `(${shape.join(", ")}${shape.length === 1 ? "," : ""})` : "scalar");

  function brief(value) {
    if (!value) return "none";
    if (value.brief === undefined) value.brief = shortText(value);
    return value.brief;
  }

  function shortText(value) {
    if (value.parts) return value.parts.map(brief).join(" and ");
    if (value.text !== undefined) return value.text.slice(0, 24);
    if (isScalar(value)) return number(value.cells[0], isWhole(value));
    if (value.cells && value.shape.length === 1 && value.cells.length <= 4) {
      const text = `[${value.cells.map((x) => number(x, isWhole(value))).join(", ")}]`;
      if (text.length <= 24) return text;
    }
    if (value.dtype === "bool") return `${shapeText(value.shape)} bool`;
    if (isWhole(value)) return `${shapeText(value.shape)} ${value.min} … ${value.max}`;
    return value.norm === undefined ? shapeText(value.shape) : `${shapeText(value.shape)} norm ${number(value.norm)}`;
  }

  function nameOf(id) {
    const node = nodes[id];
    if (node.name) return node.kind === "leaf" && node.scope.length && !isProgram ? `${node.scope.at(-1)}.${node.name}` : node.name;
    return node.kind === "constant" && isScalar(node.value) ? brief(node.value) : `${node.title} ${id}`;
  }

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

  function product(edge) {
    const upstream = nodes[edge.target].gradient;
    const passed = contribution(edge);
    if (isScalar(upstream) && isScalar(passed) && isScalar(edge.local)) {
      return `${brief(upstream)} × ${brief(edge.local)} = ${brief(passed)}`;
    }
    if (!passed) return "";
    if (passed.norm === undefined || !upstream) return brief(passed);
    const received = isScalar(upstream) ? Math.abs(Number(upstream.cells[0])) : Number(upstream.norm);
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

  // Views: the layouts, their boxes and arrows by id

  const placeOf = (element) => element.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
  const boxOf = (view, id) => view.home[id] || id;
  const state = { step: lastStep, node: null, view: null, theme: null };
  const svgs = [...document.querySelectorAll("svg.view")];
  for (const [place, view] of views.entries()) {
    view.svg = svgs[place];
    view.world = view.svg.querySelector(".world");
    view.home = {};
    for (const [box, layer] of Object.entries(view.layers)) for (const id of layer.members) view.home[id] = box;
    view.boxes = {};
    for (const element of view.svg.querySelectorAll(".node")) {
      const id = element.dataset.id;
      const [value, gradient] = ["value", "gradient"].map((kind) => element.querySelector(`.${kind}`));
      const title = view.titles[id] || nameOf(id);
      element.setAttribute("aria-label", title);
      view.boxes[id] = { element, value, gradient, texts: {}, at: placeOf(element), held: view.layers[id] ? view.layers[id].outputs : [id] };
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

  function fitting(box, text) {
    const room = Math.floor((box.element.querySelector("rect").getAttribute("width") - 16) / LETTER);
    return text.length > room ? `${text.slice(0, room - 1)}…` : text;
  }

  function drawNumbers(view) {
    const step = state.step;
    for (const box of Object.values(view.boxes)) {
      const ready = box.held.every((id) => (madeAt[id] || 0) <= step);
      if (box.ready !== ready) box.element.classList.toggle("ahead", !ready);
      box.ready = ready;
      if (isProgram) {
        const { code, shape } = box.held.length === 1 ? nodes[box.held[0]].facts : {};
        const { value } = nodes[box.held[0]];
        write(box, "value", fitting(box, code || shape || (value ? brief(value) : "")));
        write(box, "gradient", fitting(box, (code && shape) || ""));
        continue;
      }
      write(box, "value", ready ? box.held.map((id) => brief(nodes[id].value)).join(" and ") : "");
      const arrived = box.held.map((id) => gradientAt(id, step)).filter(Boolean);
      const open = box.held.some((id) => arrivals[id].length && !isComplete(id, step));
      write(box, "gradient", arrived.length ? `∇ ${arrived.map(brief).join(" and ")}${open ? " …" : ""}` : "");
    }
    for (const arrow of Object.values(view.arrows)) {
      const flowing = arrow.edges.filter((edge) => edge.at <= step);
      const several = flowing.length > 1 ? `${flowing.length} contributions` : "";
      write(arrow, "flow", several || (flowing.length ? product(flowing[0]) : ""));
    }
    mark(view);
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

  // Moving: pan, zoom, fit

  let stageSize = null;

  function measure() {
    stageSize = $("stage").getBoundingClientRect();
  }

  function move(view, place) {
    view.place = place;
    view.world.setAttribute("transform", `translate(${place.x} ${place.y}) scale(${place.scale})`);
  }

  function fit(view, least = 0) {
    const { width, height } = stageSize;
    const [wide, high] = [Number(view.svg.dataset.width), Number(view.svg.dataset.height)];
    const scale = Math.min((width - 24) / wide, (height - 24) / high, 1.6);
    move(view, { x: (width - scale * wide) / 2, y: (height - scale * high) / 2, scale });
    if (scale < least) bring(state.node || graph.output); // too small to read: begin where backward begins
  }

  function zoom(factor, x, y) {
    const view = current();
    const place = view.place;
    const scale = Math.min(Math.max(place.scale * factor, 0.005), 12);
    const ratio = scale / place.scale;
    move(view, { x: x - (x - place.x) * ratio, y: y - (y - place.y) * ratio, scale });
  }

  function zoomInMiddle(factor) {
    const { width, height } = stageSize;
    zoom(factor, width / 2, height / 2);
  }

  function bring(id) {
    const view = current();
    const box = view.boxes[boxOf(view, id)];
    if (!box) return;
    const { width, height } = stageSize;
    const [x, y] = box.at;
    const rect = box.element.firstElementChild;
    const scale = Math.max(view.place.scale, 0.9);
    move(view, {
      x: width / 2 - scale * (x + Number(rect.getAttribute("width")) / 2),
      y: height / 2 - scale * (y + Number(rect.getAttribute("height")) / 2),
      scale,
    });
  }

  // The panel

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    Object.assign(element, properties);
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  }

  function facts(pairs) {
    const list = make("dl");
    for (const [name, value] of pairs) if (value) list.append(make("dt", {}, name), make("dd", {}, value));
    return list;
  }

  function link(id) {
    return make("a", { textContent: nameOf(id), href: "#", onclick: (event) => {
      event.preventDefault();
      select(id);
      bring(id);
    } });
  }

  function matrixOf(value) {
    const held = value.cells ? value : value.image;
    const shape = held.shape;
    const columns = shape.length ? shape.at(-1) : 1;
    return { cells: held.cells.map(Number), columns, rows: columns ? held.cells.length / columns : 0, raw: held.cells };
  }

  function tableOf(value) {
    const { raw, columns, rows } = matrixOf(value);
    const table = make("table");
    for (let row = 0; row < rows; row++) {
      const cells = raw.slice(row * columns, (row + 1) * columns);
      table.append(make("tr", {}, ...cells.map((x) => make("td", {}, number(x, isWhole(value))))));
    }
    return make("div", { className: "scroll" }, table);
  }

  function imageOf(value) {
    const { cells, columns, rows } = matrixOf(value);
    const canvas = make("canvas", { width: columns, height: rows, className: "heat" });
    const size = Math.max(1, Math.min(330 / columns, 220 / rows, 24));
    canvas.style.width = `${Math.max(columns * size, 8)}px`;
    canvas.style.height = `${Math.max(rows * size, 8)}px`;
    const widest = Math.max(...cells.filter(Number.isFinite).map(Math.abs), 1e-300);
    const pen = canvas.getContext("2d");
    cells.forEach((x, place) => {
      pen.fillStyle = colour(x / widest);
      pen.fillRect(place % columns, Math.floor(place / columns), 1, 1);
    });
    canvas.onmousemove = (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
      const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
      canvas.title = `[${row}, ${column}] ${number(cells[row * columns + column])}`;
    };
    const label = `blue −${number(widest)}, white 0, orange ${number(widest)}`;
    return make("div", {}, canvas, make("div", { className: "faint" }, label));
  }

  function colour(share) {
    if (Number.isNaN(share) || !Number.isFinite(share)) return "#c2187a";
    const full = share > 0 ? [201, 92, 10] : [31, 84, 176];
    const reach = Math.sqrt(Math.min(Math.abs(share), 1));
    return `rgb(${full.map((part) => Math.round(248 + (part - 248) * reach)).join(" ")})`;
  }

  function shown(value) {
    if (!value) return make("span", { className: "faint" }, "none");
    if (value.parts) return make("div", {}, ...value.parts.map(shown));
    if (value.text !== undefined) return make("span", {}, value.text);
    if (isScalar(value)) return make("strong", {}, fully(value));
    const summary = facts([
      ["norm", value.norm === undefined ? "" : number(value.norm)],
      ["range", value.min === undefined ? "" : `${number(value.min)} … ${number(value.max)}, mean ${number(value.mean)}`],
      ["zeros", value.zeros ? `${value.zeros} of ${sizeOf(value.shape)}` : ""],
      ["not finite", value.bad ? `${value.bad} of ${sizeOf(value.shape)}` : ""],
    ]);
    if (!sizeOf(value.shape)) return make("span", { className: "faint" }, "empty");
    const views = value.cells ? [tableOf, imageOf] : [imageOf];
    if (value.cells && value.cells.length > 64) views.reverse();
    const place = make("div", {}, views[0](value));
    const turn = make("button", { textContent: "table / image", onclick: () => {
      views.reverse();
      place.replaceChildren(views[0](value));
    } });
    const pooled = "an image of blocks: from each the element furthest from 0";
    return make("div", {}, summary, place, value.cells ? turn : make("div", { className: "faint" }, pooled));
  }

  const fully = (value) => (isWhole(value) || typeof value.cells[0] === "boolean"
    ? number(value.cells[0], true) : String(Number(Number(value.cells[0]).toPrecision(9))));

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

  // State: the step, the node, the view and the theme, kept in the address

  function redraw() {
    const view = current();
    drawNumbers(view);
    drawPanel();
    $("steps").value = state.step;
    $("caption").textContent = captionOf(state.step);
    remember();
  }

  function remember() {
    const parts = [`step=${state.step}`, `view=${state.view}`];
    if (state.node) parts.push(`node=${state.node}`);
    if (state.theme) parts.push(`theme=${state.theme}`);
    try {
      history.replaceState(null, "", `#${parts.join("&")}`);
    } catch {
      // a frame without an address of its own: there is nothing to remember in
    }
  }

  function recall() {
    const text = location.hash.slice(1);
    const found = new URLSearchParams(/^\d+$/.test(text) ? `step=${text}` : text);
    const view = found.get("view");
    if (views.some((each) => each.name === view)) state.view = view;
    const step = Number.parseInt(found.get("step"), 10);
    if (step >= 0) state.step = Math.min(step, lastStep);
    const node = found.get("node");
    state.node = nodes[node] || (current() && current().layers[node]) ? node : null;
    if (["light", "dark"].includes(found.get("theme"))) state.theme = found.get("theme");
  }

  function go(step) {
    state.step = Math.min(Math.max(step, 0), lastStep);
    redraw();
    follow();
  }

  function follow() {
    // where what is happening lies outside the window, in a picture large enough to be read, go there
    const step = steps[state.step];
    const id = step.edge ? edges[step.edge].source : step.node;
    const view = current();
    if (!id || state.step === lastStep || view.place.scale < READABLE) return;
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

  // Search

  let hits = [];
  let hit = -1;

  function find(text) {
    const view = current();
    const wanted = text.trim().toLowerCase();
    const words = (id) => {
      const node = nodes[id];
      const shape = node.value && node.value.shape ? shapeText(node.value.shape) : "";
      return [id, node.name || "", node.title, node.scope.join("/"), shape, nameOf(id)].join(" ").toLowerCase();
    };
    hits = wanted ? order.filter((id) => words(id).includes(wanted)) : [];
    hit = -1;
    const boxes = new Set(hits.map((id) => boxOf(view, id)));
    for (const [id, box] of Object.entries(view.boxes)) box.element.classList.toggle("missed", Boolean(wanted) && !boxes.has(id));
    $("found").textContent = wanted ? `${hits.length} found` : "";
  }

  function nextHit(way) {
    if (!hits.length) return;
    hit = (hit + way + hits.length) % hits.length;
    select(hits[hit]);
    bring(hits[hit]);
    $("found").textContent = `${hit + 1} of ${hits.length}`;
  }

  // What people do

  let timer = null;

  function play() {
    const running = timer !== null;
    clearInterval(timer);
    timer = null;
    $("play").textContent = "Play";
    if (running) return;
    if (state.step === lastStep) go(0);
    $("play").textContent = "Stop";
    timer = setInterval(() => (state.step < lastStep ? go(state.step + 1) : play()), 700);
  }

  function turnTheme() {
    state.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    paint();
    remember();
  }

  const KEYS = {
    ArrowLeft: ["←", "one step back", () => go(state.step - 1)],
    ArrowRight: ["→", "one step on", () => go(state.step + 1)],
    Home: ["Home", "before the first step", () => go(0)],
    End: ["End", "after the last step", () => go(lastStep)],
    " ": ["space", "run the steps, or stop", play],
    b: ["b", "to the start of backward", () => go(backwardFrom)],
    v: ["v", "the next view: layers, all nodes", () => show(views[(views.indexOf(current()) + 1) % views.length].name)],
    "/": ["/", "search; Enter goes to the next that was found", () => $("search").focus()],
    f: ["f", "fit the graph into the window", () => fit(current())],
    "+": ["+", "larger", () => zoomInMiddle(1.25)],
    "-": ["-", "smaller", () => zoomInMiddle(0.8)],
    d: ["d", "light or dark", turnTheme],
    Escape: ["Esc", "choose nothing", () => select(null)],
    "?": ["?", "this list", () => $("keys").showModal()],
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    const typing = event.target.tagName === "INPUT" && event.target.id !== "steps";
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const box = event.target.closest && event.target.closest(".node");
    if (box && ["Enter", " "].includes(event.key)) {
      event.preventDefault();
      select(box.dataset.id);
    } else if (KEYS[event.key] && !(event.target.tagName === "BUTTON" && event.key === " ")) {
      event.preventDefault();
      KEYS[event.key][2]();
    }
  }

  function listen() {
    const stage = $("stage");
    let from = null;
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { left, top } = stage.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY * 0.0016), event.clientX - left, event.clientY - top);
    }, { passive: false });
    stage.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, y: event.clientY, place: current().place, moved: false, on: event.target.closest(".node") };
    });
    window.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [x, y] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.moved && Math.hypot(x, y) < 4) return;
      from.moved = true;
      stage.classList.add("moving");
      move(current(), { ...from.place, x: from.place.x + x, y: from.place.y + y });
    });
    window.addEventListener("pointerup", () => {
      if (from && !from.moved) select(from.on ? from.on.dataset.id : null);
      from = null;
      stage.classList.remove("moving");
    });
    stage.addEventListener("dblclick", (event) => {
      const box = event.target.closest(".node");
      if (box && current().layers[box.dataset.id]) unfold(box.dataset.id);
    });
    $("steps").max = lastStep;
    $("steps").oninput = (event) => go(Number(event.target.value));
    const clicks = { first: () => go(0), previous: () => go(state.step - 1), play, next: () => go(state.step + 1),
      last: () => go(lastStep), fit: () => fit(current()), theme: turnTheme, help: KEYS["?"][2] };
    for (const [id, action] of Object.entries(clicks)) $(id).onclick = action;
    $("search").oninput = (event) => find(event.target.value);
    $("search").onkeydown = (event) => event.key === "Enter" && nextHit(event.shiftKey ? -1 : 1);
    window.addEventListener("keydown", onKey);
    window.addEventListener("hashchange", () => {
      recall();
      paint();
      show(state.view);
    });
    window.addEventListener("resize", () => {
      measure();
      fit(current());
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  }

  function begin() {
    $("title").textContent = graph.title;
    for (const view of views) {
      const button = make("button", { textContent: view.label, onclick: () => show(view.name) });
      button.dataset.view = view.name;
      $("views").append(button);
    }
    const keys = Object.values(KEYS).flatMap(([key, text]) => [make("dt", {}, key), make("dd", {}, text)]);
    $("keys").append(make("h2", {}, "Keys"), make("dl", {}, ...keys), make("button", { textContent: "close", onclick: () => $("keys").close() }));
    state.view = (views.find((view) => view.first) || views[0]).name;
    recall();
    paint();
    listen();
    measure();
    show(state.view);
    performance.mark("ready");
    document.documentElement.dataset.ready = "true";
  }

  begin();
})();
