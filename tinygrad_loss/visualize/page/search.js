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
