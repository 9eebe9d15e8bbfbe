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
  if (value.cells && value.shape.length === 1 && value.cells.length <= 6) {
    const text = `[${value.cells.map((x) => number(x, isWhole(value))).join(", ")}]`;
    if (text.length <= 26) return text;
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
