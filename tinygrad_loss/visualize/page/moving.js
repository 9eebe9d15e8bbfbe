// Moving: pan, zoom, fit

const READABLE = 0.3; // of full size: text drawn smaller cannot be read

let stageSize = null;

function measure() {
  stageSize = $("stage").getBoundingClientRect();
}

function move(view, place) {
  view.place = place;
  // the picture as a whole: a transform inside of it would have every text laid out again
  view.svg.style.transform = `translate(${place.x}px, ${place.y}px) scale(${place.scale})`;
}

function fit(view, least = 0) {
  const { width, height } = stageSize;
  const [wide, high] = [Number(view.svg.dataset.width), Number(view.svg.dataset.height)];
  const scale = Math.min((width - 24) / wide, (height - 24) / high, 1.6);
  move(view, { x: (width - scale * wide) / 2, y: (height - scale * high) / 2, scale });
  // too small to read: begin at what was chosen or is happening, else where backward begins
  if (scale < least) bring(state.node || happening() || graph.output);
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
