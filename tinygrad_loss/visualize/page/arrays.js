// Arrays in the panel: a table, an image, and what there is to say of all their elements

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
