// KMeansExplorer's charts: the elbow, and the colours of the pixels in a plane.

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
    plot.lastChild.hidden = sum === undefined; // its k is not computed yet
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
  return make("details", { class: "seg-curve-table" }, make("summary", { "data-role": "table-toggle" }, "The curve as a table"), table);
}

function createElbow(scope, explorer) {
  const note = make("p", { class: "seg-note", "data-role": "elbow-text" });
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
    if (run !== explorer.shown.run) trail = [];
    run = explorer.shown.run;
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
