// CompareSlider: two maps of one image, one on each side of a divider that is dragged.

/** What one side shows: the bare photograph, another picture, or labels on the photograph. */
async function loadSide(kind, data, photo) {
  if (kind === "labels") return { photo, map: await decodeLabels(toBytes(data)) };
  return { photo: kind === "picture" ? await decodePhoto(toBytes(data)) : photo, map: null };
}

async function loadSides(model) {
  const photo = await decodePhoto(toBytes(model.get("photo")));
  const kinds = model.get("kinds");
  const sides = ["left", "right"].map((name, i) => loadSide(kinds[i], model.get(name), photo));
  return Promise.all(sides);
}

/** One side's canvas; the right one lies on the left one and is cut off at the divider. */
function createSide(scope, model, side, description) {
  const draw = () => {
    if (!canvas.clientWidth) return;
    drawPhoto(canvas, side.photo);
    if (!side.map) return;
    drawOverlay(canvas, side.map, model.get("colors"), {
      opacity: model.get("opacity"),
      boundaries: model.get("boundaries"),
    });
  };
  const canvas = createStage(scope, description, draw);
  for (const name of ["opacity", "boundaries"]) scope.watch(model, `change:${name}`, draw);
  return canvas;
}

/** A native range input carries keyboard and screen reader; the pointer may drag anywhere. */
function createDivider(scope, model, titles) {
  const input = make("input", {
    type: "range", min: 0, max: 100, step: 1, class: "seg-divider",
    "data-role": "divider", "aria-label": `Divider between ${titles[0]} and ${titles[1]}`,
  });
  const show = () => {
    input.value = Math.round(100 * model.get("position"));
    input.setAttribute("aria-valuetext", `${titles[0]} ${input.value} %, ${titles[1]} ${100 - input.value} %`);
  };
  scope.listen(input, "input", () => {
    model.set("position", Number(input.value) / 100);
    model.save_changes();
  });
  scope.watch(model, "change:position", show);
  show();
  return input;
}

/** Drag with mouse, pen or finger; a finger's vertical move still scrolls the page. */
function dragDivider(scope, model, stage, input) {
  const move = (event) => {
    const box = stage.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    model.set("position", Math.round(100 * Math.min(Math.max(part, 0), 1)) / 100);
  };
  scope.listen(stage, "pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    input.focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
    move(event);
  });
  scope.listen(stage, "pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) move(event);
  });
  scope.listen(stage, "lostpointercapture", () => model.save_changes());
}

function createHandle() {
  const arrows = makeSvg("path", { d: "M6 4 2 8l4 4M10 4l4 4-4 4", class: "seg-arrows" });
  const icon = makeSvg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" }, arrows);
  return make("div", { class: "seg-handle" }, make("div", { class: "seg-knob" }, icon));
}

function createSwipe(scope, model, sides) {
  const titles = model.get("titles");
  const description = model.get("description");
  const canvases = sides.map((side, i) => createSide(scope, model, side, `${description}: ${titles[i]}`));
  const input = createDivider(scope, model, titles);
  const stage = make("div", { class: "seg-swipe" }, ...canvases, input, createHandle());
  setProportions(stage, sides[0].map ?? sides[0].photo);
  const show = () => stage.style.setProperty("--seg-x", `${100 * model.get("position")}%`);
  scope.watch(model, "change:position", show);
  dragDivider(scope, model, stage, input);
  show();
  return stage;
}

async function render({ model, el }) {
  const scope = createScope();
  const sides = await loadSides(model);
  const titles = model.get("titles").map((title) => make("span", {}, title));
  const heads = make("div", { class: "seg-titles", "aria-hidden": "true" }, ...titles);
  el.classList.add("seg-widget", "seg-compare");
  el.append(heads, createSwipe(scope, model, sides));
  if (sides.some((side) => side.map)) {
    const controls = [createOpacitySlider(scope, model), createBoundariesBox(scope, model)];
    el.append(make("div", { class: "seg-look" }, ...controls));
  }
  keepKeys(scope, el);
  return () => scope.end();
}

export default { render };
