// KMeansExplorer: k-means with k and the window on a photograph, computed here, and the elbow.

// ---------------------------------------------------------------- picture

/** The photograph itself, drawn from its bytes. */
function paintPhoto({ width, height, bytes }) {
  const image = new ImageData(width, height);
  for (let n = 0; n < width * height; n++) {
    image.data.set([bytes[3 * n], bytes[3 * n + 1], bytes[3 * n + 2], 255], 4 * n);
  }
  return layer(image);
}

const colorsOf = ({ model, shown }) => (model.get("coloring") === "means" ? shown.means : model.get("palette"));

function createPicture(scope, explorer) {
  const { model, picture } = explorer;
  const photo = paintPhoto(picture);
  const draw = () => {
    if (!canvas.clientWidth) return;
    drawPhoto(canvas, photo);
    if (!explorer.shown) return;
    const look = { opacity: model.get("opacity"), boundaries: model.get("boundaries") };
    drawOverlay(canvas, explorer.shown.map, colorsOf(explorer), look);
    canvas.dataset.iteration = explorer.shown.iteration;
  };
  const canvas = createStage(scope, model.get("description"), draw);
  setProportions(canvas, picture);
  scope.listen(explorer, "shown", draw);
  for (const name of ["coloring", "opacity", "boundaries"]) scope.watch(model, `change:${name}`, draw);
  return canvas;
}

// ---------------------------------------------------------------- controls

ICONS.again = "M8 2.6A5.4 5.4 0 1 0 13.4 8h-2A3.4 3.4 0 1 1 8 4.6v2.6l4.2-3.6L8 0z";

function createButtons(scope, explorer) {
  const run = createButton("run", "seg-primary");
  const step = createButton("one-step");
  const start = createButton("new-start");
  step.show("step", "Step");
  start.show("again", "New start");
  const show = () => {
    const playing = explorer.running && explorer.mode !== "step";
    run.show(...(playing ? ["pause", "Pause"] : ["play", explorer.done ? "Run again" : "Run"]));
  };
  scope.listen(run.button, "click", () => {
    if (explorer.running && explorer.mode !== "step") explorer.pause();
    else explorer.play();
  });
  scope.listen(step.button, "click", () => explorer.step());
  scope.listen(start.button, "click", () => explorer.set("seed", (explorer.model.get("seed") + 1) % 2 ** 32));
  for (const event of ["state", "shown"]) scope.listen(explorer, event, show);
  show();
  return make("div", { class: "seg-buttons" }, run.button, step.button, start.button);
}

/** What the run has come to, in numbers, and in one line for a screen reader when it rests. */
function createReadings(scope, explorer) {
  const reading = (name, role) => {
    const value = make("span", { class: "seg-reading", "data-role": role }, "–");
    return { value, box: make("div", { class: "seg-pair" }, make("span", { class: "seg-name" }, name), value) };
  };
  const names = [["Iteration", "iteration"], ["Mean square", "sum"], ["Labels", "labels-count"], ["Segments", "segments"]];
  const parts = names.map(([name, role]) => reading(name, role));
  const status = make("p", { class: "seg-note", "data-role": "status" });
  const heard = make("p", { class: "seg-heard", "aria-live": "polite", "data-role": "heard" });
  const show = () => {
    const { shown, starting, running, mode, model } = explorer;
    const start = `Start ${model.get("seed")}: `;
    if (!shown) return void (status.textContent = "Computing …");
    const texts = [shown.iteration, sumText(shown.sum), shown.numLabels, shown.numSegments.toLocaleString("en")];
    texts.forEach((text, i) => (parts[i].value.textContent = text));
    const computing = starting || (running && mode === "end");
    status.textContent = start + (computing ? "computing …" : `${describePlace(shown)}.`);
    if (!running && explorer.asked) heard.textContent = describeRun(explorer);
  };
  for (const event of ["state", "shown"]) scope.listen(explorer, event, show);
  show();
  return [make("div", { class: "seg-readings" }, ...parts.map((part) => part.box)), status, heard];
}

/** Radio buttons for a trait that two views of one model share, their name in sight beside them. */
function createTraitChoice(scope, explorer, { label, trait, options }) {
  const change = (value) => explorer.set(trait, value);
  const { box, show } = createChoice(scope, { legend: label, role: trait, options, change });
  const update = () => show(explorer.model.get(trait));
  scope.watch(explorer.model, `change:${trait}`, update);
  update();
  return make("div", { class: "seg-field" }, make("span", { class: "seg-name", "aria-hidden": "true" }, label), box);
}

function createClusterSlider(scope, explorer) {
  const slider = createSlider({ label: "Clusters k", role: "num-labels", min: 2, max: 20 });
  const show = () => slider.show(explorer.model.get("num_labels"), String(explorer.model.get("num_labels")));
  scope.listen(slider.input, "input", () => explorer.set("num_labels", Number(slider.input.value)));
  scope.watch(explorer.model, "change:num_labels", show);
  show();
  return slider.box;
}

function createControls(scope, explorer) {
  const windows = { label: "Window α", trait: "window", options: [1, 3, 5, 7].map((side) => [side, String(side)]) };
  const colors = { label: "Colours", trait: "coloring", options: [["means", "Cluster means"], ["labels", "Label colours"]] };
  const { model } = explorer;
  return make("div", { class: "seg-controls" },
    createClusterSlider(scope, explorer), createTraitChoice(scope, explorer, windows),
    createOpacitySlider(scope, model), createBoundariesBox(scope, model), createTraitChoice(scope, explorer, colors));
}

// ---------------------------------------------------------------- the widget

/** Call once when an element comes near the part of the page that is in sight. */
function whenNear(scope, element, call) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    call();
  }, { rootMargin: "300px" });
  observer.observe(element);
  scope.onEnd(() => observer.disconnect());
}

async function render({ model, el }) {
  const scope = createScope();
  const explorer = new Explorer(scope, model, await loadPicture(model));
  const canvas = createPicture(scope, explorer);
  const [readings, ...words] = createReadings(scope, explorer);
  el.classList.add("seg-widget", "seg-kmeans");
  el.append(canvas, make("div", { class: "seg-steer" }, createButtons(scope, explorer), ...words), readings);
  const charts = [createElbowChart(scope, explorer), createCloud(scope, explorer)];
  el.append(createControls(scope, explorer), make("div", { class: "seg-charts" }, ...charts), createElbow(scope, explorer));
  keepKeys(scope, el);
  whenNear(scope, el, () => {
    explorer.begin("end");
    explorer.traceElbow();
  });
  return () => scope.end();
}

export default { render };
