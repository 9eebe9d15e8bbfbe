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
  window.addEventListener("pagehide", settle);
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
