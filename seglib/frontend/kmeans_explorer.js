// KMeansExplorer: k-means with k and the window on a photograph, computed here, and the elbow.

// ---------------------------------------------------------------- work in slices

const SLICE = 12; // milliseconds of work before the page may breathe
const RESTING = "resting"; // what a job yields when it only waits for the time to pass

/** Work on jobs (generators) in slices: the first that is not resting, in the order of their rank. */
function createWorker(scope) {
  const jobs = [null, null]; // the run on show, the elbow
  let timer = null;
  const advance = () => {
    for (let rank = 0; rank < jobs.length; rank++) {
      const job = jobs[rank];
      if (!job) continue;
      const { value, done } = job.next();
      if (done && jobs[rank] === job) jobs[rank] = null;
      if (value !== RESTING) return true;
    }
    return false;
  };
  const work = () => {
    const end = performance.now() + SLICE;
    let busy = true;
    while (busy && performance.now() < end) busy = advance();
    timer = jobs.some(Boolean) ? setTimeout(work, busy ? 0 : 15) : null;
  };
  scope.onEnd(() => clearTimeout(timer));
  return {
    set(rank, job) {
      jobs[rank] = job;
      if (job && timer === null) timer = setTimeout(work);
    },
  };
}

// ---------------------------------------------------------------- the run on show

const CANDIDATES = Array.from({ length: 19 }, (_, i) => i + 2); // of the elbow rule, as in Python
const COMPUTED = [1, ...CANDIDATES]; // one cluster is in words and in the table: it would flatten the chart
const ELBOW_PIXELS = 4000;
const FRAME = 33; // milliseconds between two pictures of a run that plays
const FIRST_PAUSE = 140; // milliseconds the first iterations stay in sight; later ones pass faster
const FADING = 0.86;

const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const sumText = (sum) => (sum === 0 ? "0" : sum.toPrecision(3));
const countOf = (count, name) => `${count.toLocaleString("en")} ${name}${count === 1 ? "" : "s"}`;

/** Red, green and blue lie below each other in one grey PNG. */
async function loadPicture(model) {
  const { width, height, values } = await decodeLabels(toBytes(model.get("planes")));
  const count = (width * height) / 3;
  const bytes = new Uint8Array(3 * count);
  for (let n = 0; n < count; n++) {
    for (let channel = 0; channel < 3; channel++) bytes[3 * n + channel] = values[channel * count + n];
  }
  return { width, height: height / 3, bytes };
}

/** What is shown of a run after an iteration; the run itself goes on. */
function takePicture(picture, points, run) {
  const { width, height } = picture;
  const values = run.labels.slice();
  const middle = (points.size - 3) / 2; // the pixel itself in its window
  const means = Array.from({ length: run.k }, (_, i) =>
    Array.from(run.means.subarray(i * points.size + middle, i * points.size + middle + 3)));
  return {
    iteration: run.iteration,
    done: run.done,
    moved: run.moved,
    sum: meanSquare(points, run),
    means,
    map: { width, height, values },
    numLabels: new Set(values).size,
    numSegments: countSegments({ width, height, values }),
  };
}

/**
 * One run of k-means that the reader steers, and the curve of the elbow.
 *
 * Tells its views: "shown" (another iteration is on show), "state" (running or not), "elbow".
 */
class Explorer extends EventTarget {
  constructor(scope, model, picture) {
    super();
    Object.assign(this, { model, picture, shown: null, running: false, starting: true });
    Object.assign(this, { curve: [], knee: null });
    this.worker = createWorker(scope);
    this.indices = drawIndices(picture.width * picture.height, Infinity);
    for (const name of ["num_labels", "window"]) scope.watch(model, `change:${name}`, () => this.begin("play"));
    scope.watch(model, "change:seed", () => this.begin("step"));
    scope.watch(model, "change:window", () => this.traceElbow());
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  set(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
  }

  /** Start anew: "end" shows only the end, "play" the way to it, "step" only the start. */
  begin(mode) {
    this.starting = true;
    this.job = this.compute();
    this.resume(mode);
  }

  /** Whether the run has ended; the last one stays in sight until a new one has its means. */
  get done() {
    return !this.starting && Boolean(this.shown?.done);
  }

  resume(mode) {
    this.mode = mode === "play" && isCalm() ? "end" : mode;
    this.running = true;
    this.worker.set(0, this.job);
    this.tell("state");
  }

  /** Stop after the iteration that is under way. */
  pause() {
    this.mode = "step";
    this.tell("state");
  }

  rest() {
    this.running = false;
    this.worker.set(0, null);
    this.tell("state");
  }

  step() {
    if (this.done) this.begin("step");
    else this.resume("step");
  }

  play() {
    if (this.done) this.begin("play");
    else this.resume("play");
  }

  *compute() {
    const { model, picture } = this;
    const window = model.get("window");
    if (this.points?.window !== window) {
      const points = yield* gatherWindows(picture, window, this.indices);
      this.points = { ...points, window };
    }
    const random = createRandom(model.get("seed"));
    const means = yield* seedMeans(this.points, model.get("num_labels"), random);
    const run = yield* startFrom(this.points, means);
    for (let pause = FIRST_PAUSE; ; pause *= FADING) {
      const time = performance.now();
      if (this.mode !== "end" || run.done) this.show(run, time);
      if (run.done || this.mode === "step") this.rest();
      yield;
      while (this.mode === "play" && performance.now() < time + pause) yield RESTING;
      if (run.done) return;
      yield* iterate(this.points, run);
    }
  }

  /** While it plays, not more often than a screen can follow. */
  show(run, time) {
    if (this.mode === "play" && !run.done && run.iteration > 0 && time < this.drawn + FRAME) return;
    this.drawn = time;
    this.starting = false;
    this.shown = takePicture(this.picture, this.points, run);
    this.tell("shown");
  }

  traceElbow() {
    this.curve = [];
    this.knee = null;
    this.worker.set(1, this.computeElbow());
    this.tell("elbow");
  }

  *computeElbow() {
    const seed = this.firstSeed ??= this.model.get("seed"); // a new start leaves the curve as it is
    const drawn = drawIndices(this.indices.length, ELBOW_PIXELS, createRandom(seed));
    const points = yield* gatherWindows(this.picture, this.model.get("window"), drawn);
    yield* traceSums(points, COMPUTED, seed, (k, sum) => {
      this.curve.push(sum);
      if (this.curve.length === COMPUTED.length) this.knee = findKnee(CANDIDATES, this.curve.slice(1));
      this.tell("elbow");
    });
  }
}

/** How far the run on show has come. */
function describePlace({ iteration, done, moved }) {
  if (iteration === 0) return "the starting means";
  if (moved === 0) return `settled after ${countOf(iteration, "iteration")}, no pixel changes its label`;
  const news = `${countOf(moved, "pixel")} changed label`;
  return done ? `given up after ${iteration} iterations` : `iteration ${iteration}, ${news}`;
}

function describeRun({ model, shown }) {
  const knobs = `k = ${model.get("num_labels")}, window ${model.get("window")}`;
  const counts = `${countOf(shown.numLabels, "label")}, ${countOf(shown.numSegments, "segment")}`;
  return `${knobs}: ${describePlace(shown)}; mean square ${sumText(shown.sum)}, ${counts}.`;
}

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
    if (!running) heard.textContent = describeRun(explorer);
  };
  for (const event of ["state", "shown"]) scope.listen(explorer, event, show);
  show();
  return [make("div", { class: "seg-readings" }, ...parts.map((part) => part.box)), status, heard];
}

let choices = 0; // radio buttons of one choice share a name that no other choice has

/** Radio buttons side by side, for a trait that two views of one model share. */
function createChoice(scope, explorer, { label, trait, options }) {
  const name = `seg-choice-${choices++}`;
  const inputs = options.map(([value, text]) =>
    make("input", { type: "radio", name, value, "data-role": `${trait}-${value}`, "aria-label": text }));
  const boxes = inputs.map((input, i) =>
    make("label", { class: "seg-option" }, input, make("span", { "aria-hidden": "true" }, options[i][1])));
  const show = () => inputs.forEach((input, i) => (input.checked = options[i][0] === explorer.model.get(trait)));
  inputs.forEach((input, i) => scope.listen(input, "change", () => explorer.set(trait, options[i][0])));
  scope.watch(explorer.model, `change:${trait}`, show);
  show();
  const group = make("div", { class: "seg-options", role: "radiogroup", "aria-label": label }, ...boxes);
  return make("div", { class: "seg-field" }, make("span", { class: "seg-name", "aria-hidden": "true" }, label), group);
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
    createClusterSlider(scope, explorer), createChoice(scope, explorer, windows),
    createOpacitySlider(scope, model), createBoundariesBox(scope, model), createChoice(scope, explorer, colors));
}

// ---------------------------------------------------------------- elbow

const chartX = (k) => (100 * (k - 2)) / 18;
const pointPath = (points) =>
  points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");

/** A dot is a line of no length with round ends: it stays round in a box that is stretched. */
const dotPath = (points) => points.map(([x, y]) => `M${x.toFixed(2)} ${y.toFixed(2)}h0`).join("");

function createCurvePaths() {
  const path = (kind) => makeSvg("path", { class: kind, "vector-effect": "non-scaling-stroke" });
  const [line, dots, chord, drop] = ["seg-line", "seg-dots", "seg-chord", "seg-drop"].map(path);
  const svg = makeSvg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, chord, drop, line, dots);
  const draw = ({ curve, knee }, y) => {
    const points = curve.slice(1).map((sum, i) => [chartX(CANDIDATES[i]), y(sum)]);
    line.setAttribute("d", pointPath(points));
    dots.setAttribute("d", dotPath(points));
    if (knee === null) return [chord, drop].forEach((part) => part.setAttribute("d", ""));
    const [[x0, y0], [x1, y1]] = [points[0], points.at(-1)];
    const [x, low] = points[CANDIDATES.indexOf(knee)];
    chord.setAttribute("d", pointPath([points[0], points.at(-1)]));
    drop.setAttribute("d", pointPath([[x, y0 + ((y1 - y0) * (x - x0)) / (x1 - x0)], [x, low]]));
  };
  return { svg, draw };
}

const elbowText = ({ knee, curve, model }) =>
  `At α = ${model.get("window")} the elbow rule says k = ${knee}: of k = 2 to 20, its point lies ` +
  `farthest below the dashed chord. One cluster alone has ${sumText(curve[0])}.`;

/** Arrow keys by a range input without a look of its own, the pointer anywhere on the chart. */
function createChartInput(scope, explorer, plot) {
  const input = make("input", {
    type: "range", min: 2, max: 20, step: 1, class: "seg-divider",
    "data-role": "elbow", "aria-label": "Number of clusters, on the chart of sums over k",
  });
  const { model } = explorer;
  const show = () => {
    const k = model.get("num_labels");
    const sum = explorer.curve[COMPUTED.indexOf(k)];
    input.value = k;
    const place = sum === undefined ? "not computed yet" : `mean square ${sumText(sum)}`;
    input.setAttribute("aria-valuetext", `k = ${k}, ${place}${k === explorer.knee ? ", the elbow" : ""}`);
  };
  scope.listen(input, "input", () => explorer.set("num_labels", Number(input.value)));
  scope.listen(plot, "click", (event) => {
    const box = plot.getBoundingClientRect();
    const k = Math.round(2 + (18 * (event.clientX - box.left)) / box.width);
    explorer.set("num_labels", Math.min(Math.max(k, 2), 20));
    input.focus({ preventScroll: true, focusVisible: false });
  });
  scope.watch(model, "change:num_labels", show);
  scope.listen(explorer, "elbow", show);
  show();
  return input;
}

function createElbowChart(scope, explorer) {
  const { svg, draw } = createCurvePaths();
  const mark = make("div", { class: "seg-knee", "data-role": "knee" });
  const plot = make("div", { class: "seg-plot" });
  plot.append(svg, mark, make("div", { class: "seg-now" }), make("div", { class: "seg-dot" }));
  const input = createChartInput(scope, explorer, plot);
  const reading = make("span", { class: "seg-reading" });
  const ticks = ["seg-top", "seg-zero", "seg-first", "seg-last"].map((kind) => make("span", { class: `seg-tick ${kind}` }));
  const show = () => {
    const { curve, knee, model } = explorer;
    const top = Math.max(...curve.slice(1), 0) || 1;
    const y = (sum) => 100 - (100 * sum) / top;
    draw(explorer, y);
    const k = model.get("num_labels");
    const sum = curve[COMPUTED.indexOf(k)];
    plot.style.setProperty("--seg-x", `${chartX(k)}%`);
    plot.style.setProperty("--seg-y", `${y(sum ?? 0)}%`);
    mark.hidden = knee === null;
    if (knee !== null) {
      mark.style.left = `${chartX(knee)}%`;
      mark.style.top = `${y(curve[COMPUTED.indexOf(knee)])}%`;
    }
    reading.textContent = knee === null ? "" : `elbow at k = ${knee}`;
    [curve.length > 1 ? sumText(top) : "", "0", "k = 2", "20"].forEach((text, i) => (ticks[i].textContent = text));
  };
  scope.listen(explorer, "elbow", show);
  scope.watch(explorer.model, "change:num_labels", show);
  show();
  const head = make("div", { class: "seg-curve-head" }, make("span", { class: "seg-name" }, "Mean square over k"), reading);
  return make("div", { class: "seg-curve" }, head, input, plot, ...ticks);
}

/** The curve in numbers, for readers who do not see it. */
function createTable(scope, explorer) {
  const body = make("tbody");
  const head = make("tr", {}, ...["k", "Mean square", ""].map((text) => make("th", { scope: "col" }, text)));
  head.lastChild.append(make("span", { class: "seg-heard" }, "Elbow"));
  const table = make("table", { "data-role": "table" }, make("thead", {}, head), body);
  const show = () => body.replaceChildren(...explorer.curve.map((sum, i) => {
    const cells = [sumText(sum), COMPUTED[i] === explorer.knee ? "elbow" : ""].map((text) => make("td", {}, text));
    return make("tr", {}, make("th", { scope: "row" }, String(COMPUTED[i])), ...cells);
  }));
  scope.listen(explorer, "elbow", show);
  show();
  return make("details", { class: "seg-table" }, make("summary", { "data-role": "table-toggle" }, "The curve as a table"), table);
}

function createElbow(scope, explorer) {
  const note = make("p", { class: "seg-note", "data-role": "elbow-text", "aria-live": "polite" });
  const progress = make("p", { class: "seg-note", "data-role": "elbow-progress" });
  const show = () => {
    const ready = explorer.knee !== null;
    note.textContent = ready ? elbowText(explorer) : "";
    progress.hidden = ready;
    progress.textContent = `Computing: ${explorer.curve.length} of ${COMPUTED.length} …`;
  };
  scope.listen(explorer, "elbow", show);
  show();
  const hint = "Click the chart, or use its arrow keys, to choose k.";
  const source = make("p", { class: "seg-note" }, `${basisText(explorer.indices.length)} ${hint}`);
  const scale = make("p", { class: "seg-note" }, SCALE_TEXT);
  return make("div", { class: "seg-words" }, note, progress, source, scale, createTable(scope, explorer));
}

const basisText = (total) =>
  total > ELBOW_PIXELS
    ? `Each point of the curve is one run on ${ELBOW_PIXELS.toLocaleString("en")} of the ${countOf(total, "pixel")}, drawn at random.`
    : "Each point of the curve is one run on all pixels.";
const SCALE_TEXT =
  "Mean square: the sum of squared distances to the means, for each pixel and each of the 3α² values of its window, with values in 0 to 1.";

// ---------------------------------------------------------------- cloud of colours

const CLOUD_PIXELS = 2500;
const CLOUD_MARGIN = 12; // screen pixels, room for a ring

/** Place colours in a canvas: the plane of their principal components, one scale on both axes. */
function fitCloud(canvas, places) {
  const low = [0, 1].map((axis) => places.reduce((least, place) => Math.min(least, place[axis]), Infinity));
  const high = [0, 1].map((axis) => places.reduce((most, place) => Math.max(most, place[axis]), -Infinity));
  const density = canvas.width / canvas.clientWidth;
  const room = [canvas.width, canvas.height].map((length) => Math.max(length - 2 * CLOUD_MARGIN * density, 1));
  const scale = Math.min(...room.map((length, axis) => length / Math.max(high[axis] - low[axis], 1)));
  const at = ([x, y]) => [
    canvas.width / 2 + scale * (x - (low[0] + high[0]) / 2),
    canvas.height / 2 - scale * (y - (low[1] + high[1]) / 2),
  ];
  return { at, density };
}

/** Dark in light: a line that is seen on every colour. */
function strokeTwice(context, density, trace) {
  for (const [color, width] of [["#ffffff", 4], ["#1f2328", 2]]) {
    context.strokeStyle = color;
    context.lineWidth = width * density;
    context.beginPath();
    trace();
    context.stroke();
  }
}

/** Where the means have been in the run on show. */
function createTrail(explorer, plane) {
  let trail = [];
  let run = null;
  return () => {
    if (run !== explorer.job) trail = [];
    run = explorer.job;
    if (trail.at(-1)?.shown !== explorer.shown) {
      trail.push({ shown: explorer.shown, places: explorer.shown.means.map((mean) => project(plane, mean)) });
    }
    return trail.map((step) => step.places);
  };
}

function drawCloud(canvas, explorer, places, drawn, trail) {
  const context = canvas.getContext("2d");
  const { at, density } = fitCloud(canvas, places);
  const colors = colorsOf(explorer).map((color) => `rgb(${color.map(Math.round).join(" ")})`);
  context.clearRect(0, 0, canvas.width, canvas.height);
  places.forEach((place, i) => {
    const [x, y] = at(place);
    context.fillStyle = colors[explorer.shown.map.values[drawn[i]]];
    context.fillRect(x - density, y - density, 2 * density, 2 * density);
  });
  trail.at(-1).forEach((mean, i) => {
    const way = trail.map((means) => at(means[i]));
    strokeTwice(context, 0.6 * density, () => way.forEach((place) => context.lineTo(...place)));
    strokeTwice(context, density, () => context.arc(...at(mean), 5 * density, 0, 2 * Math.PI));
  });
}

function createCloud(scope, explorer) {
  const { picture, indices, model } = explorer;
  const plane = principalPlane(picture);
  const drawn = drawIndices(indices.length, CLOUD_PIXELS, createRandom(0));
  const places = Array.from(drawn, (n) => project(plane, picture.bytes.subarray(3 * n, 3 * n + 3)));
  const follow = createTrail(explorer, plane);
  const draw = () => {
    if (!explorer.shown) return;
    const trail = follow();
    if (canvas.clientWidth) drawCloud(canvas, explorer, places, drawn, trail);
  };
  const words = "The colours of the pixels as dots in the plane of their two principal components, and a ring for each cluster mean.";
  const canvas = createStage(scope, words, draw);
  canvas.classList.replace("seg-picture", "seg-cloud");
  scope.listen(explorer, "shown", draw);
  scope.watch(model, "change:coloring", draw);
  const head = make("div", { class: "seg-curve-head" }, make("span", { class: "seg-name" }, "Colours of the pixels, means as rings"));
  return make("div", { class: "seg-curve seg-cloud-box" }, head, make("div", { class: "seg-cloud-place" }, canvas));
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
