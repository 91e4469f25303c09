// ScribblePad's picture: photograph, result, scribbles, and the hand that paints.

const KEYS_IN_WORDS =
  "Arrow keys move the brush, with Shift farther. Space or Enter puts the pen down and lifts it, Escape " +
  "gives a stroke up. The number of a class chooses it, E the eraser, plus and minus the size of the brush. Control Z undoes.";
const STRIDE = 3; // pixels of the image that an arrow key moves
const FAR_STRIDE = 20;

// ---------------------------------------------------------------- look

/** Whether a place of a stroke is inked: each class has a pattern beside its colour. */
const PATTERNS = [
  () => false,
  (x, y) => (x + y) % 6 < 2,
  (x, y) => x % 5 < 2 && y % 5 < 2,
  (x, y) => y % 5 < 2,
  (x, y) => (x - y + 60000) % 6 < 2,
  (x) => x % 5 < 2,
  (x, y) => x % 6 < 1 || y % 6 < 1,
];
const INK = [16, 20, 24];
const packInk = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
const mixInk = (color) => color.map((level, i) => Math.round(0.35 * level + 0.65 * INK[i]));

/** A small square with the colour and the pattern of a class. */
function createSwatch(color, label) {
  const side = 22;
  const image = new ImageData(2 * side, 2 * side);
  const pixels = new Uint32Array(image.data.buffer);
  const [plain, inked] = [packInk(color), packInk(mixInk(color))];
  pixels.forEach((_, at) => {
    const [x, y] = [at % (2 * side), Math.floor(at / (2 * side))].map((place) => Math.floor(place / 2));
    pixels[at] = PATTERNS[label](x, y) ? inked : plain;
  });
  const canvas = layer(image);
  canvas.className = "seg-pad-swatch";
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** One line of the screen: patterns, with a dark edge inside a stroke and a light one outside. */
function inkLine(pixels, y, columns, [above, row, below], look) {
  const { line, coarse, plain, inked, dark, light } = look;
  const last = columns.length - 1;
  for (let x = 0; x <= last; x++) {
    const column = columns[x];
    const label = row[column];
    const left = row[columns[Math.max(x - line, 0)]];
    const right = row[columns[Math.min(x + line, last)]];
    if (label === left && label === right && label === above[column] && label === below[column]) {
      if (label === NONE) pixels[x] = 0;
      else pixels[x] = PATTERNS[label](Math.floor(x * coarse), Math.floor(y * coarse)) ? inked[label] : plain[label];
    } else pixels[x] = label === NONE ? light : dark;
  }
}

/** Function that draws scribbles over what a canvas shows; only rows that have changed are inked. */
function createInk(colors) {
  const look = {
    plain: colors.map(packInk), inked: colors.map((color) => packInk(mixInk(color))),
    dark: packInk(INK), light: packInk([255, 255, 255]),
  };
  let [image, sheet, drawn] = [null, null, null];
  const resize = (canvas, { width, height }, pixel) => {
    image = new ImageData(canvas.width, canvas.height);
    sheet = layer(image);
    drawn = new Uint8Array(width * height).fill(NONE);
    look.line = Math.max(Math.round(1.4 * pixel), 1);
    look.coarse = 1 / pixel; // patterns are as large on every screen
  };
  return (canvas, map, pixel) => {
    const { width, height, values } = map;
    if (image?.width !== canvas.width || image.height !== canvas.height) resize(canvas, map, pixel);
    const [columns, rows] = [nearest(canvas.width, width), nearest(canvas.height, height)];
    const lines = Array.from({ length: height }, (_, y) => values.subarray(y * width, (y + 1) * width));
    const stale = lines.map((labels, y) => labels.some((label, x) => label !== drawn[y * width + x]));
    drawn = values.slice();
    const pixels = new Uint32Array(image.data.buffer);
    for (let y = 0; y < canvas.height; y++) {
      const near = [Math.max(y - look.line, 0), y, Math.min(y + look.line, canvas.height - 1)].map((place) => rows[place]);
      if (!near.some((row) => stale[row])) continue;
      const screen = pixels.subarray(y * canvas.width, (y + 1) * canvas.width);
      inkLine(screen, y, columns, near.map((row) => lines[row]), look);
    }
    if (stale.includes(true)) sheet.getContext("2d").putImageData(image, 0, 0);
    canvas.getContext("2d").drawImage(sheet, 0, 0);
  };
}

/** The number of its class on each stroke; not on crumbs, and not twice in one place. */
function drawNumbers(canvas, map, pixel) {
  const context = canvas.getContext("2d");
  const radius = 7.5 * pixel;
  const drawn = [];
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `700 ${11 * pixel}px system-ui, sans-serif`;
  for (const { label, x, y } of findStrokes(map).sort((one, other) => other.size - one.size)) {
    const inside = (part, size) => Math.min(Math.max(part * size, radius + pixel), size - radius - pixel);
    const left = inside((x + 0.5) / map.width, canvas.width);
    const top = inside((y + 0.5) / map.height, canvas.height);
    if (drawn.some((tag) => tag.label === label && Math.hypot(tag.left - left, tag.top - top) < 3 * radius)) continue;
    drawn.push({ label, left, top });
    context.beginPath();
    context.arc(left, top, radius, 0, 2 * Math.PI);
    context.fillStyle = "#ffffff";
    context.fill();
    context.lineWidth = 1.5 * pixel;
    context.strokeStyle = "#101418";
    context.stroke();
    context.fillStyle = "#101418";
    context.fillText(String(label + 1), left, top + 0.5 * pixel);
  }
}

/** The brush: a light ring with a dark edge; dashed while the pen is up. */
function drawBrush(canvas, map, [x, y], brush, down, pixel) {
  const context = canvas.getContext("2d");
  const scale = canvas.width / map.width;
  const ring = new Path2D();
  const [left, top] = [(x + 0.5) * scale, (y + 0.5) * (canvas.height / map.height)];
  ring.arc(left, top, Math.max((brush * scale) / 2, 5 * pixel), 0, 2 * Math.PI);
  context.setLineDash(down ? [] : [5 * pixel, 3 * pixel]);
  for (const [style, thickness] of [["#ffffff", 4], ["#101418", 2]]) {
    context.strokeStyle = style;
    context.lineWidth = thickness * pixel;
    context.stroke(ring);
  }
  context.setLineDash([]);
}

// ---------------------------------------------------------------- picture

/** Whether the photograph and the result have to be drawn anew, or only what lies on them. */
function createGround(pad) {
  let [key, ground] = [[], null];
  return (canvas, photo, map, look) => {
    const wanted = [canvas.width, canvas.height, map, pad.source.colors, look.opacity, look.boundaries];
    const context = canvas.getContext("2d");
    if (wanted.some((part, i) => part !== key[i])) {
      drawPhoto(canvas, photo);
      if (map) drawOverlay(canvas, map, pad.source.colors, look);
      ground = document.createElement("canvas");
      Object.assign(ground, { width: canvas.width, height: canvas.height });
      ground.getContext("2d").drawImage(canvas, 0, 0);
      key = wanted;
    } else context.drawImage(ground, 0, 0);
  };
}

/** One redraw a frame, however many changes fall into it. */
function onceAFrame(scope, draw) {
  let waiting = 0;
  scope.onEnd(() => cancelAnimationFrame(waiting));
  return () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
    });
  };
}

function createPicture(scope, pad, photo, hand) {
  const { model } = pad;
  const drawGround = createGround(pad);
  const drawInk = createInk(model.get("class_colors"));
  const draw = async () => {
    const { frame } = pad;
    if (frame) frame.map ??= decodeLabels(frame.bytes);
    const map = frame ? await frame.map : null;
    if (frame !== pad.frame || !canvas.clientWidth) return; // a newer frame is on its way
    const pixel = canvas.width / canvas.clientWidth;
    drawGround(canvas, photo, map, { opacity: model.get("opacity"), boundaries: model.get("boundaries") });
    drawInk(canvas, pad, pixel);
    drawNumbers(canvas, pad, pixel);
    if (hand.cursor) drawBrush(canvas, pad, hand.cursor, hand.brush, hand.down, pixel);
    canvas.dataset.step = frame ? frame.step : "none";
  };
  const refresh = onceAFrame(scope, draw);
  const canvas = createStage(scope, model.get("description"), refresh);
  const help = `seg-pad-${Math.random().toString(36).slice(2)}`;
  const keys = make("p", { class: "seg-heard", id: help }, KEYS_IN_WORDS);
  const stage = make("div", {
    class: "seg-pad-stage", role: "application", tabindex: 0, "data-role": "picture",
    "aria-label": "Paint scribbles on the picture", "aria-describedby": help,
  }, canvas);
  setProportions(stage, pad);
  setProportions(canvas, pad);
  for (const name of ["paint", "source", "frames", "step"]) scope.listen(pad, name, refresh);
  for (const name of ["opacity", "boundaries"]) scope.watch(model, `change:${name}`, refresh);
  return { canvas, stage, keys, refresh };
}

// ---------------------------------------------------------------- hand

/** What the pointer and the keys of one view do. `hand.cursor` is the pixel under the brush. */
function createHand(pad, say) {
  const hand = { label: 0, brush: 5, cursor: null, down: false, refresh: () => {} };
  const names = pad.model.get("class_names");
  hand.nameOf = (label) => (label === NONE ? "no scribble" : `class ${label + 1}, ${names[label]}`);
  hand.press = (point) => {
    pad.beginStroke();
    hand.down = true;
    hand.cursor = point;
    stamp(pad, point, hand.brush, hand.label);
    pad.tell("paint");
  };
  hand.move = (point) => {
    if (hand.down) stampLine(pad, hand.cursor, point, hand.brush, hand.label);
    hand.cursor = point;
    if (hand.down) pad.tell("paint");
    else hand.refresh();
  };
  hand.lift = () => {
    if (!hand.down) return;
    hand.down = false;
    const changed = pad.endStroke();
    const what = hand.label === NONE ? "Erased" : `Painted ${hand.nameOf(hand.label)}`;
    say(changed ? `${what}.` : "Nothing changed.");
    hand.refresh();
  };
  hand.giveUp = () => {
    if (!hand.down) return;
    hand.down = false;
    pad.cancelStroke();
    say("Stroke given up.");
  };
  return hand;
}

function listenToPointer(scope, stage, pad, hand) {
  const pixelAt = (event) => {
    const box = stage.getBoundingClientRect();
    const place = (part, size) => Math.min(Math.max(Math.floor(part * size), 0), size - 1);
    const row = place((event.clientY - box.top) / box.height, pad.height);
    return [place((event.clientX - box.left) / box.width, pad.width), row];
  };
  let painting = null; // the pointer that is down
  scope.listen(stage, "pointerdown", (event) => {
    if (painting !== null && event.pointerId !== painting) { // a second finger scrolls and zooms
      painting = null;
      return hand.giveUp();
    }
    if (event.button !== 0 || !event.isPrimary) return;
    hand.lift(); // a stroke begun by keys
    painting = event.pointerId;
    stage.setPointerCapture(painting);
    stage.focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
    hand.press(pixelAt(event));
  });
  scope.listen(stage, "pointermove", (event) => {
    if (event.pointerId === painting) hand.move(pixelAt(event));
    else if (event.pointerType === "mouse" && painting === null && !hand.down) hand.move(pixelAt(event));
  });
  scope.listen(stage, "pointerup", (event) => {
    if (event.pointerId !== painting) return;
    painting = null;
    if (event.pointerType !== "mouse") hand.cursor = null;
    hand.lift();
  });
  scope.listen(stage, "pointercancel", (event) => {
    if (event.pointerId !== painting) return;
    painting = null;
    hand.cursor = null;
    hand.giveUp();
  });
  scope.listen(stage, "pointerleave", () => {
    if (hand.down || stage.matches(":focus-visible")) return;
    hand.cursor = null;
    hand.refresh();
  });
}

/** Keys are heard at the window, before the shortcuts of a notebook (and before `keepKeys`). */
function listenToKeys(scope, stage, pad, hand, { choose, resize, undo, say }) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const middle = () => [Math.floor(pad.width / 2), Math.floor(pad.height / 2)];
  const walk = (direction, stride) => {
    const [x, y] = hand.cursor ?? middle();
    const inside = (place, size) => Math.min(Math.max(place, 0), size - 1);
    hand.move([inside(x + stride * direction[0], pad.width), inside(y + stride * direction[1], pad.height)]);
    const [column, row] = hand.cursor;
    const found = hand.down ? "painting" : hand.nameOf(pad.values[row * pad.width + column]);
    say(`Row ${row + 1}, column ${column + 1}: ${found}.`);
  };
  const togglePen = () => {
    if (hand.down) return hand.lift();
    hand.press(hand.cursor ?? middle());
    say(`Pen down: ${hand.label === NONE ? "eraser" : hand.nameOf(hand.label)}.`);
  };
  const answer = ({ key, shiftKey, ctrlKey, metaKey, altKey, repeat }) => {
    if ((ctrlKey || metaKey) && key.toLowerCase() === "z") undo();
    else if (ctrlKey || metaKey || altKey) return false;
    else if (steps[key]) walk(steps[key], shiftKey ? FAR_STRIDE : STRIDE);
    else if (key === " " || key === "Enter") repeat || togglePen();
    else if (key === "Escape" && hand.down) hand.giveUp();
    else if (key >= "1" && Number(key) <= pad.model.get("class_names").length) choose(Number(key) - 1);
    else if (key.toLowerCase() === "e") choose(NONE);
    else if (key === "+" || key === "-") resize(key === "+" ? 1 : -1);
    else return false;
    return true;
  };
  scope.listen(window, "keydown", (event) => {
    if (!event.composedPath().includes(stage) || !answer(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  scope.listen(stage, "focus", () => {
    if (!stage.matches(":focus-visible")) return;
    hand.cursor ??= middle();
    hand.refresh();
  });
  scope.listen(stage, "blur", () => {
    hand.lift();
    hand.cursor = null;
    hand.refresh();
  });
}
