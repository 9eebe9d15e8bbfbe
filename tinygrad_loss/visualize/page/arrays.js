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
  const columns = held.shape.length ? held.shape.at(-1) : 1;
  const rows = columns ? held.cells.length / columns : 0;
  const [high, wide] = held.tile || [rows, columns]; // an array of three axes or more is in tiles
  return { cells: held.cells, columns, rows, high, wide, count: held.tiles || 1 };
}

function inside({ columns, high, wide, count }, row, column) {
  // whether there is an element: the last row of tiles may not be full
  return Math.floor(row / high) * (columns / wide) + Math.floor(column / wide) < count;
}

function tableOf(value) {
  const matrix = matrixOf(value);
  const { cells, columns, rows, high, wide } = matrix;
  const table = make("table");
  for (let row = 0; row < rows; row++) {
    const line = make("tr", { className: row && row % high === 0 ? "begins" : "" });
    for (let column = 0; column < columns; column++) {
      const text = inside(matrix, row, column) ? number(cells[row * columns + column], isWhole(value)) : "";
      line.append(make("td", { className: column && column % wide === 0 ? "begins" : "" }, text));
    }
    table.append(line);
  }
  return make("div", { className: "scroll" }, table);
}

function imageOf(value) {
  const matrix = matrixOf(value);
  const { columns, rows, high, wide } = matrix;
  const cells = matrix.cells.map(Number);
  const [across, down] = [Math.ceil(columns / wide) - 1, Math.ceil(rows / high) - 1]; // gaps between tiles
  const size = Math.max(1, Math.floor(Math.min(330 / (columns + across), 220 / (rows + down), 24)));
  const gap = across + down ? Math.max(1, Math.min(size, 3)) : 0;
  const canvas = make("canvas", { width: columns * size + across * gap, height: rows * size + down * gap, className: "heat" });
  const widest = Math.max(...cells.filter(Number.isFinite).map(Math.abs), 1e-300);
  const pen = canvas.getContext("2d");
  const at = (place, tile) => place * size + Math.floor(place / tile) * gap;
  cells.forEach((x, place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    if (!inside(matrix, row, column)) return;
    pen.fillStyle = colour(x / widest);
    pen.fillRect(at(column, wide), at(row, high), size, size);
  });
  canvas.onmousemove = (event) => {
    const box = canvas.getBoundingClientRect();
    const [row, column] = [[event.clientY - box.top, high], [event.clientX - box.left, wide]].map(([along, tile]) => {
      const whole = tile * size + gap;
      return Math.floor(along / whole) * tile + Math.min(Math.floor((along % whole) / size), tile - 1);
    });
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
  const held = value.cells ? value : value.image;
  const views = held.note ? [imageOf] : [tableOf, imageOf]; // what was left out or pooled is no table
  if (held.cells.length > 64) views.sort((a) => (a === imageOf ? -1 : 1));
  const place = make("div", {}, views[0](value));
  const turn = make("button", { textContent: "table / image", onclick: () => {
    views.reverse();
    place.replaceChildren(views[0](value));
  } });
  return make("div", {}, summary, place, held.note ? make("div", { className: "faint" }, held.note) : turn);
}

const fully = (value) => (isWhole(value) || typeof value.cells[0] === "boolean"
  ? number(value.cells[0], true) : String(Number(Number(value.cells[0]).toPrecision(9))));
