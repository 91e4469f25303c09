// Shared by the widgets of seglib. Python puts this file in front of a widget's own
// file, so that each widget is one ES module with no import and no network.

/** Build an HTML element: make("p", { class: "note" }, "text", child, …). */
function make(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** Build an SVG element; SVG lives in its own namespace. */
function makeSvg(tag, attributes = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Remember what a view has started, so that all of it ends with the view. */
function createScope() {
  const endings = [];
  return {
    onEnd: (ending) => endings.push(ending),
    listen(target, type, handler, options) {
      target.addEventListener(type, handler, options);
      endings.push(() => target.removeEventListener(type, handler, options));
    },
    watch(model, name, handler) {
      model.on(name, handler);
      endings.push(() => model.off(name, handler));
    },
    end: () => endings.splice(0).forEach((ending) => ending()),
  };
}

/** JupyterLab takes plain keys (arrows, letters) at the document: stop them before it. */
function keepKeys(scope, root) {
  const keep = (event) => {
    const shortcut = event.ctrlKey || event.metaKey || event.altKey;
    if (!shortcut && event.composedPath().includes(root)) event.stopPropagation();
  };
  scope.listen(window, "keydown", keep, true);
}

/** A trait of bytes arrives as a DataView, a message's buffer as a DataView or ArrayBuffer. */
function toBytes(data) {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

// ---------------------------------------------------------------- pictures

/** Decode a photograph (WebP) for drawing. */
function decodePhoto(bytes) {
  return createImageBitmap(new Blob([bytes], { type: "image/webp" }));
}

/**
 * Decode a PNG of one byte a pixel (grey or palette) to these bytes.
 *
 * Not through a canvas: browsers that guard against fingerprinting add noise to what
 * is read back from one, and here one grey level off is another label.
 */
async function decodeLabels(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { width, height } = labelsSize(bytes);
  if (bytes[24] !== 8 || bytes[28] !== 0) throw new Error("a label map must have one byte a pixel");
  const packed = [];
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") packed.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const stream = new Blob(packed).stream().pipeThrough(new DecompressionStream("deflate"));
  const filtered = new Uint8Array(await new Response(stream).arrayBuffer());
  return { width, height, values: undoFilters(filtered, width, height) };
}

/** Width and height stand at a fixed place of a PNG: known before it is decoded. */
function labelsSize(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** Undo PNG's row filters for one byte per pixel (PNG specification, section 9). */
function undoFilters(filtered, width, height) {
  const values = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (width + 1)];
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const left = x > 0 ? values[at - 1] : 0;
      const up = y > 0 ? values[at - width] : 0;
      const corner = x > 0 && y > 0 ? values[at - width - 1] : 0;
      values[at] = filtered[y * (width + 1) + 1 + x] + predict(filter, left, up, corner);
    }
  }
  return values;
}

function predict(filter, left, up, corner) {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** The label of each screen pixel, as an index into the map: labels are never blended. */
function nearest(length, size) {
  return Int32Array.from({ length }, (_, i) => Math.floor(((i + 0.5) * size) / length));
}

/**
 * One 32-bit RGBA value for each label: its colour at some opacity, and over that `ink`, a grey
 * level, at some strength. (Typed arrays are little-endian everywhere.)
 */
function packColors(colors, opacity, ink = 0, strength = 0) {
  const alpha = strength + (1 - strength) * opacity;
  const mix = (level) => Math.round((strength * ink + (1 - strength) * opacity * level) / (alpha || 1));
  const pack = ([red, green, blue]) =>
    (Math.round(255 * alpha) << 24) | (mix(blue) << 16) | (mix(green) << 8) | mix(red);
  return Uint32Array.from(colors, pack);
}

/** Part of the pixels whose right or lower neighbour has another label. */
function boundaryShare({ width, height, values }) {
  let count = 0;
  for (let at = 0; at < values.length - width; at++) {
    if (values[at] !== values[at + 1] || values[at] !== values[at + width]) count++;
  }
  return count / (width * height);
}

/** Lines are faint where they would cover the map: first steps are mostly boundary. */
function lineStrength(map) {
  map.share ??= boundaryShare(map);
  return Math.min(Math.max(1.2 - 1.6 * map.share, 0.15), 0.95);
}

/**
 * Draw a label map over what a canvas shows.
 *
 * Every screen pixel takes the colour of its label; where the label changes within
 * `line` pixels to the right or below, a light line is drawn, with a dark edge beside it.
 */
function drawLabels(canvas, map, colors, { opacity, boundaries, line }) {
  const { width, height } = canvas;
  const strength = lineStrength(map);
  const plain = packColors(colors, opacity);
  const light = packColors(colors, opacity, 255, strength);
  const dark = packColors(colors, opacity, 24, 0.6 * strength);
  const edge = Math.max(line - 1, 1);
  const columns = nearest(width, map.width);
  const rows = nearest(height, map.height);
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const values = map.values;
  for (let y = 0, at = 0; y < height; y++) {
    const row = rows[y] * map.width;
    const above = rows[Math.max(y - edge, 0)] * map.width;
    const below = rows[Math.min(y + line, height - 1)] * map.width;
    for (let x = 0; x < width; x++, at++) {
      const label = values[row + columns[x]];
      pixels[at] = plain[label];
      if (!boundaries) continue;
      const right = values[row + columns[Math.min(x + line, width - 1)]];
      const left = values[row + columns[Math.max(x - edge, 0)]];
      if (right !== label || values[below + columns[x]] !== label) pixels[at] = light[label];
      else if (left !== label || values[above + columns[x]] !== label) pixels[at] = dark[label];
    }
  }
  return layer(image);
}

/** An off-screen canvas: unlike putImageData, drawing it blends with what is below. */
function layer(image) {
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

const MAX_PIXELS = 1_600_000; // of a canvas: keeps a redraw within a frame or two

/** A canvas that keeps the resolution of the screen and redraws when its size changes. */
function createStage(scope, description, redraw) {
  const canvas = make("canvas", { class: "seg-picture", role: "img", "aria-label": description });
  const fit = () => {
    const box = canvas.getBoundingClientRect();
    const finest = Math.sqrt(MAX_PIXELS / Math.max(box.width * box.height, 1));
    const density = Math.min(window.devicePixelRatio || 1, 2, finest);
    const width = Math.max(Math.round(box.width * density), 1);
    const height = Math.max(Math.round(box.height * density), 1);
    if (width === canvas.width && height === canvas.height) return;
    canvas.width = width;
    canvas.height = height;
    redraw();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(canvas);
  scope.onEnd(() => observer.disconnect());
  return canvas;
}

/** Give a picture's box its proportions; the style sheet keeps a tall one from growing too tall. */
function setProportions(box, { width, height }) {
  box.style.setProperty("--seg-ratio", String(width / height));
}

/** Draw the photograph, smoothly, over the whole canvas. */
function drawPhoto(canvas, photo) {
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
}

/** Draw label colours and boundaries over the photograph. */
function drawOverlay(canvas, map, colors, { opacity, boundaries }) {
  const line = Math.max(Math.round(canvas.width / canvas.clientWidth), 1);
  const overlay = drawLabels(canvas, map, colors, { opacity, boundaries, line });
  canvas.getContext("2d").drawImage(overlay, 0, 0);
}

// ---------------------------------------------------------------- controls

const percent = (part) => `${Math.round(part * 100)} %`;

/** A labelled range input whose filled part is drawn by the style sheet. */
function createSlider({ label, role, min = 0, max = 1, step = 1 }) {
  const input = make("input", { type: "range", min, max, step, "data-role": role });
  const output = make("output", { class: "seg-value", "aria-hidden": "true" });
  const name = make("span", { class: "seg-name" }, label);
  const box = make("label", { class: "seg-field seg-field-range" }, name, input, output);
  const show = (value, text) => {
    input.value = value;
    const span = input.max - input.min;
    input.style.setProperty("--seg-fill", String(span > 0 ? (input.value - input.min) / span : 1));
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  return { box, input, show };
}

/** A slider for a trait between 0 and 1 that two views of one model share. */
function createOpacitySlider(scope, model) {
  const slider = createSlider({ label: "Label opacity", role: "opacity", step: 0.05 });
  const show = () => slider.show(model.get("opacity"), percent(model.get("opacity")));
  scope.listen(slider.input, "input", () => {
    model.set("opacity", Number(slider.input.value));
    model.save_changes();
  });
  scope.watch(model, "change:opacity", show);
  show();
  return slider.box;
}

/** A check box for a trait that two views of one model share. */
function createBoundariesBox(scope, model) {
  const input = make("input", { type: "checkbox", "data-role": "boundaries" });
  const show = () => (input.checked = model.get("boundaries"));
  scope.listen(input, "change", () => {
    model.set("boundaries", input.checked);
    model.save_changes();
  });
  scope.watch(model, "change:boundaries", show);
  show();
  return make("label", { class: "seg-field seg-field-check" }, input, make("span", {}, "Boundaries"));
}

let choices = 0; // radio buttons of one choice share a name that no other choice has

/** Radio buttons side by side: one tab stop, arrow keys between them. Options are [value, words]. */
function createChoice(scope, { legend, role, options, change }) {
  const name = `seg-choice-${choices++}`;
  const inputs = options.map(([value]) =>
    make("input", { type: "radio", name, value, "data-role": `${role}-${value}` }));
  const boxes = options.map(([, words], i) => make("label", {}, inputs[i], make("span", {}, words)));
  inputs.forEach((input, i) => scope.listen(input, "change", () => change(options[i][0])));
  const show = (value) => inputs.forEach((input) => (input.checked = input.value === String(value)));
  const box = make("fieldset", { class: "seg-choice" }, make("legend", { class: "seg-heard" }, legend), ...boxes);
  return { box, show };
}

/** Icons are drawn here: a page's icon font may replace <i> elements, and may be absent. */
const ICONS = {
  play: "M5 3.2v9.6L13 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  step: "M3.5 3.2v9.6L9.5 8zM10.5 3h2v10h-2z",
};

function createButton(role, kind = "") {
  const path = makeSvg("path", { fill: "currentColor" });
  const icon = makeSvg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" }, path);
  const text = make("span");
  const button = make("button", { type: "button", class: `seg-button ${kind}`, "data-role": role }, icon, text);
  const show = (name, words) => {
    path.setAttribute("d", ICONS[name]);
    text.textContent = words;
  };
  return { button, show };
}
