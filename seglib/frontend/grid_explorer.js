// GridExplorer: turn two knobs, and see the label map of each pair of their values.

const FILLS = { labels: "Labels", means: "Mean colours", photo: "Photo" };
const LARGEST_TABLE = 8; // rows or columns; a larger table would not fit a phone
const SETTLED = 500; // milliseconds without a change before a result is said

/** Place of a pair in the lists of maps and readings: the second knob runs fastest. */
function placeOf(model, [i, j] = model.get("choice")) {
  return i * model.get("values")[1].length + j;
}

/** Everything that can be read for one pair: [name, text, number], the number of segments first. */
function readingsAt(model, place) {
  const count = model.get("counts")[place];
  const others = model.get("readings").map(({ name, numbers, decimals }) => [
    name, numbers[place].toFixed(decimals), numbers[place],
  ]);
  const counted = model.get("counted");
  return [[count === 1 ? counted.replace(/s$/, "") : counted, String(count), count], ...others];
}

function pairText(model, [i, j] = model.get("choice")) {
  const [first, second] = model.get("values");
  const [one, two] = model.get("knobs");
  return `${one} ${first[i]}, ${two} ${second[j]}`;
}

/** "compactness 10 …: 96 segments", and if asked for the other readings. */
function describePair(model, all = false) {
  const [[counted, count], ...others] = readingsAt(model, placeOf(model));
  const more = all ? others.map(([name, text]) => `, ${name} ${text}`).join("") : "";
  return `${pairText(model)}: ${count} ${counted}${more}`;
}

// ---------------------------------------------------------------- maps and colours

/** Join the two planes of a map with more than 256 labels: low bytes above, high bytes below. */
function joinPlanes({ width, height, values }, rows) {
  if (height === rows) return { width, height, values };
  const half = width * rows;
  return { width, height: rows, values: Uint16Array.from({ length: half }, (_, i) => values[i] | (values[half + i] << 8)) };
}

/** The pixels of the photograph at the size of the maps, as bytes R, G, B, A. */
function pixelsOf(photo) {
  const canvas = make("canvas", { width: photo.width, height: photo.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(photo, 0, 0);
  return context.getImageData(0, 0, photo.width, photo.height).data;
}

/** Mean colour of the pixels of each label; black for a label that no pixel has. */
function meanColors({ values }, pixels, numLabels) {
  const sums = new Float64Array(4 * numLabels);
  for (let at = 0; at < values.length; at++) {
    const label = 4 * values[at];
    for (let channel = 0; channel < 3; channel++) sums[label + channel] += pixels[4 * at + channel];
    sums[label + 3] += 1;
  }
  return Array.from({ length: numLabels }, (_, label) => {
    const [red, green, blue, count] = sums.subarray(4 * label, 4 * label + 4);
    return count ? [red / count, green / count, blue / count] : [0, 0, 0];
  });
}

/** The maps of the page, each decoded when it is first asked for; means likewise. */
function createLibrary(model, photo) {
  const maps = [];
  const decode = async (place) =>
    joinPlanes(await decodeLabels(toBytes(model.get("maps")[place])), photo.height);
  let pixels = null;
  return {
    map: (place) => (maps[place] ??= decode(place)),
    colors(map) {
      if (model.get("fill") !== "means") return model.get("colors");
      pixels ??= pixelsOf(photo);
      return (map.means ??= meanColors(map, pixels, model.get("colors").length));
    },
  };
}

// ---------------------------------------------------------------- parts of the widget

/** Mean colours are shown as they are; opacity is for label colours. */
function fillOpacity(model) {
  return { labels: model.get("opacity"), means: 1, photo: 0 }[model.get("fill")];
}

function createPicture(scope, model, photo) {
  const library = createLibrary(model, photo);
  let map = null;
  const draw = () => {
    if (!map || !canvas.clientWidth) return;
    drawPhoto(canvas, photo);
    const look = { opacity: fillOpacity(model), boundaries: model.get("boundaries") };
    drawOverlay(canvas, map, library.colors(map), look);
    canvas.dataset.pair = model.get("choice").join(" ");
  };
  const load = async () => {
    const place = placeOf(model);
    const loaded = await library.map(place);
    if (place !== placeOf(model)) return; // the reader has moved on
    map = loaded;
    draw();
  };
  const canvas = createStage(scope, model.get("description"), draw);
  setProportions(canvas, photo);
  scope.watch(model, "change:choice", load);
  for (const name of ["fill", "opacity", "boundaries"]) scope.watch(model, `change:${name}`, draw);
  load();
  return canvas;
}

function choose(model, pair) {
  model.set("choice", pair);
  model.save_changes();
}

/** The slider of one knob steps through its values; a knob with one value needs none. */
function createKnob(scope, model, which) {
  const values = model.get("values")[which];
  const role = ["first", "second"][which];
  const slider = createSlider({ label: model.get("knobs")[which], role, max: values.length - 1 });
  const show = () => {
    const index = model.get("choice")[which];
    slider.show(index, values[index]);
    slider.box.querySelector("output").textContent = values[index];
  };
  scope.listen(slider.input, "input", () => {
    choose(model, model.get("choice").map((old, i) => (i === which ? Number(slider.input.value) : old)));
  });
  scope.watch(model, "change:choice", show);
  show();
  slider.box.hidden = values.length < 2;
  return slider.box;
}

/** The numbers of the pair on show, and a line that says them once the reader has stopped. */
function createReadings(scope, model) {
  const outputs = readingsAt(model, 0).map(() => make("span", { class: "seg-reading", "data-role": "reading" }));
  const names = outputs.map(() => make("span", { class: "seg-name" }));
  const items = outputs.map((output, i) => make("span", {}, output, " ", names[i]));
  const heard = make("p", { class: "seg-heard", role: "status", "aria-live": "polite", "data-role": "heard" });
  let timer = null;
  const show = () => readingsAt(model, placeOf(model)).forEach(([name, text], i) => {
    names[i].textContent = name;
    outputs[i].textContent = text;
  });
  scope.watch(model, "change:choice", () => {
    show();
    clearTimeout(timer);
    timer = setTimeout(() => (heard.textContent = describePair(model, true)), SETTLED);
  });
  scope.onEnd(() => clearTimeout(timer));
  show();
  return [make("div", { class: "seg-grid-readings" }, ...items), heard];
}

/** What fills the segments: three radio buttons, one group for each view. */
function createFills(scope, model) {
  const group = `seg-fill-${Math.random().toString(36).slice(2)}`;
  const inputs = Object.keys(FILLS).map((value) => make("input", { type: "radio", name: group, value, "data-role": `fill-${value}` }));
  const fields = inputs.map((input) => make("label", { class: "seg-field" }, input, make("span", {}, FILLS[input.value])));
  const show = () => inputs.forEach((input) => (input.checked = input.value === model.get("fill")));
  for (const input of inputs) {
    scope.listen(input, "change", () => {
      model.set("fill", input.value);
      model.save_changes();
    });
  }
  scope.watch(model, "change:fill", show);
  show();
  return make("fieldset", { class: "seg-fills" }, make("legend", { class: "seg-heard" }, "Colour of the segments"), ...fields);
}

function createLook(scope, model) {
  const opacity = createOpacitySlider(scope, model);
  const show = () => (opacity.hidden = model.get("fill") !== "labels");
  scope.watch(model, "change:fill", show);
  show();
  return make("div", { class: "seg-look" }, createFills(scope, model), createBoundariesBox(scope, model), opacity);
}

// ---------------------------------------------------------------- the table of all pairs

/** One number for each pair; a click shows the pair. The sliders do the same for the keyboard. */
function createTable(scope, model) {
  const [first, second] = model.get("values");
  if (Math.max(first.length, second.length) > LARGEST_TABLE) return [];
  const names = [model.get("counted"), ...model.get("readings").map(({ name }) => name)];
  const [one, two] = model.get("knobs");
  const cells = first.map((_, i) => second.map((_, j) => createCell(scope, model, [i, j])));
  const head = (text, direction) => make("th", { scope: direction }, text);
  const rows = cells.map((row, i) => make("tr", {}, head(first[i], "row"), ...row));
  const top = make("tr", {}, make("td", {}), ...second.map((value) => head(value, "col")));
  const caption = make("caption", {}, `Rows: ${one}. Columns: ${two}.`);
  const table = make("table", {}, caption, make("thead", {}, top), make("tbody", {}, ...rows));
  const choices = names.map((name, i) => make("option", { value: i }, name));
  const select = make("select", { "data-role": "table-of" }, ...choices);
  const field = make("label", { class: "seg-field" }, make("span", { class: "seg-name" }, "Show"), select);
  field.hidden = names.length < 2;
  const fill = () => fillTable(model, cells.flat(), Number(select.value));
  const mark = () => cells.flat().forEach((cell, place) => markCell(cell, place === placeOf(model)));
  scope.listen(select, "change", fill);
  scope.watch(model, "change:choice", mark);
  fill();
  mark();
  const summary = make("summary", { "data-role": "table" }, "Table of all pairs");
  return [make("details", { class: "seg-grid-table" }, summary, field, table)];
}

function createCell(scope, model, pair) {
  const cell = make("td", { "data-pair": pair.join(" ") });
  scope.listen(cell, "click", () => choose(model, pair));
  return cell;
}

/** Write the numbers, and shade a cell by its rank among all: counts span decades. */
function fillTable(model, cells, which) {
  const found = cells.map((_, place) => readingsAt(model, place)[which]);
  const sorted = [...new Set(found.map(([, , number]) => number))].sort((a, b) => a - b);
  cells.forEach((cell, place) => {
    const [, text, number] = found[place];
    cell.textContent = text;
    cell.style.setProperty("--seg-rank", String(sorted.indexOf(number) / Math.max(sorted.length - 1, 1)));
  });
}

function markCell(cell, chosen) {
  if (chosen) cell.setAttribute("aria-current", "true");
  else cell.removeAttribute("aria-current");
}

// ---------------------------------------------------------------- another value, from a kernel

/** Nothing for a widget that cannot compute, one line without a kernel, a field with one. */
function createCompute(scope, model) {
  const place = make("div", { class: "seg-grid-compute" });
  if (!model.get("live")) return place;
  const [knob] = model.get("knobs");
  const words = `With a kernel (Jupyter, Colab) other values of ${knob} can be computed here.`;
  place.append(make("p", { class: "seg-note", "data-role": "note" }, words));
  const input = make("input", { type: "number", step: "any", required: true, "data-role": "new-value" });
  const field = make("label", { class: "seg-field" }, make("span", { class: "seg-name" }, `Another ${knob}`), input);
  const { button, show } = createButton("compute", "seg-primary");
  const status = make("p", { class: "seg-status", role: "status", "data-role": "status" });
  const form = make("form", { class: "seg-grid-form" }, field, button, status);
  show("play", "Compute");
  const hear = (message) => {
    if (message.type === "kernel" && !form.isConnected) place.replaceChildren(form);
    if (message.type !== "status") return;
    status.textContent = message.text;
    status.classList.toggle("seg-failed", message.state === "failed");
    button.setAttribute("aria-disabled", String(message.state === "running"));
  };
  const send = (message) => {
    try {
      model.send(message);
    } catch {
      status.textContent = "No answer: the kernel is gone.";
    }
  };
  const compute = () => {
    if (button.getAttribute("aria-disabled") === "true" || !form.reportValidity()) return;
    send({ type: "compute", value: Number(input.value) });
  };
  scope.listen(form, "submit", (event) => {
    event.preventDefault();
    compute();
  });
  scope.listen(button, "click", compute);
  scope.watch(model, "msg:custom", hear);
  send({ type: "hello" });
  return place;
}

/** What a reader has focused, opened and chosen in a part that is about to be built again. */
function rememberPlace(body) {
  const find = (role) => body.querySelector(`[data-role="${role}"]`);
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.role : null;
  const open = body.querySelector("details")?.open;
  const shown = find("table-of")?.value;
  return {
    restore() {
      const details = body.querySelector("details");
      if (details && open) details.open = true;
      if (shown > 0 && find("table-of")) {
        find("table-of").value = shown;
        find("table-of").dispatchEvent(new Event("change"));
      }
      if (focused) find(focused)?.focus({ preventScroll: true });
    },
  };
}

async function render({ model, el }) {
  const scope = createScope();
  const photo = await decodePhoto(toBytes(model.get("photo")));
  const body = make("div", { class: "seg-grid-body" });
  let inner = createScope();
  const build = () => {
    const was = rememberPlace(body);
    inner.end();
    inner = createScope();
    const knobs = [0, 1].map((which) => createKnob(inner, model, which));
    body.replaceChildren(
      createPicture(inner, model, photo),
      ...createReadings(inner, model),
      make("div", { class: "seg-grid-knobs" }, ...knobs),
      createLook(inner, model),
      ...createTable(inner, model),
    );
    was.restore();
  };
  build();
  scope.watch(model, "change:maps", build); // a kernel has added some
  scope.onEnd(() => inner.end());
  el.classList.add("seg-widget", "seg-grid-explorer");
  el.append(body, createCompute(scope, model));
  keepKeys(scope, el);
  return () => scope.end();
}

export default { render };
