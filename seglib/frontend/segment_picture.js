// SegmentLab's picture: what is drawn, and what pointer and keys do on it.

/** Edges between cells where `differs` holds, as lines from one part of the edge to another. */
function edgePath({ width, height }, canvas, differs, inset = 0) {
  const path = new Path2D();
  const [cellWidth, cellHeight] = [canvas.width / width, canvas.height / height];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (x < width - 1 && differs(at, at + 1)) {
        path.moveTo((x + 1) * cellWidth, (y + inset) * cellHeight);
        path.lineTo((x + 1) * cellWidth, (y + 1 - inset) * cellHeight);
      }
      if (y < height - 1 && differs(at, at + width)) {
        path.moveTo((x + inset) * cellWidth, (y + 1) * cellHeight);
        path.lineTo((x + 1 - inset) * cellWidth, (y + 1) * cellHeight);
      }
    }
  }
  return path;
}

function drawCells(canvas, { width, height, values }, colors, opacity) {
  const cells = new ImageData(width, height);
  const packed = packColors(colors, opacity);
  const pixels = new Uint32Array(cells.data.buffer);
  values.forEach((label, at) => (pixels[at] = packed[label % packed.length]));
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(layer(cells), 0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = true;
}

/** A line that is seen on any ground: a light one with a dark edge, or the reverse. */
function strokeTwice(canvas, path, lines) {
  const context = canvas.getContext("2d");
  const pixel = canvas.width / canvas.clientWidth;
  for (const [style, thickness] of lines) {
    context.strokeStyle = style;
    context.lineWidth = thickness * pixel;
    context.stroke(path);
  }
}

const SOLID = [["#101418b0", 3.4], ["#ffffff", 1.8]];
const FAINT = [["#ffffff90", 1]]; // where lines would cover the map
const STITCHED = [["#ffffff", 4], ["#101418", 2.2]];
const PICKED = [["#ffffff", 6], ["#0b6e6e", 3.4]];

function drawLab(canvas, lab, { photo, colors, showTruth, cursor, brush }) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.lineCap = "round";
  if (photo) drawPhoto(canvas, photo);
  drawCells(canvas, lab, colors, photo ? 0.5 : 0.75);
  const crowded = lab.scores.num_segments > lab.values.length / 3;
  const own = edgePath(lab, canvas, (one, other) => lab.values[one] !== lab.values[other]);
  strokeTwice(canvas, own, crowded ? FAINT : SOLID);
  if (showTruth) {
    const stitches = edgePath(lab, canvas, (one, other) => lab.truth[one] !== lab.truth[other], 0.28);
    strokeTwice(canvas, stitches, STITCHED);
  }
  if (lab.pending) drawPending(canvas, lab);
  if (cursor !== null) drawCursor(canvas, lab, cursor, lab.pending?.tool === "split" ? 1 : brush);
}

/** What an action is about to do: the segments it joins, or the line along which it cuts. */
function drawPending(canvas, lab) {
  const { tool, from, at, segment } = lab.pending;
  if (tool === "merge") {
    for (const picked of new Set([segment, lab.segments[at]])) {
      const isPart = (cell) => lab.segments[cell] === picked;
      strokeTwice(canvas, edgePath(lab, canvas, (one, other) => isPart(one) !== isPart(other)), PICKED);
    }
  }
  if (tool === "split" && from !== at) {
    const [cellWidth, cellHeight] = [canvas.width / lab.width, canvas.height / lab.height];
    const middle = (cell) => [((cell % lab.width) + 0.5) * cellWidth, (Math.floor(cell / lab.width) + 0.5) * cellHeight];
    const line = new Path2D();
    line.moveTo(...middle(from));
    line.lineTo(...middle(at));
    strokeTwice(canvas, line, PICKED);
  }
}

function drawCursor(canvas, lab, cursor, brush) {
  const cells = cellsUnder(cursor, brush, lab);
  const [first, last] = [cells[0], cells.at(-1)];
  const [cellWidth, cellHeight] = [canvas.width / lab.width, canvas.height / lab.height];
  const [x, y] = [first % lab.width, Math.floor(first / lab.width)];
  const square = new Path2D();
  square.rect(x * cellWidth, y * cellHeight,
    ((last % lab.width) + 1 - x) * cellWidth, (Math.floor(last / lab.width) + 1 - y) * cellHeight);
  strokeTwice(canvas, square, [["#ffffff", 4], ["#101418", 2]]);
}

/** The picture with pointer and keys. `state.cursor` is the cell that the tool would act on. */
function createPicture(scope, model, lab, state, actions) {
  const canvas = createStage(scope, model.get("description"), state.refresh);
  const help = `seg-lab-${Math.random().toString(36).slice(2)}`;
  const keys = make("p", { class: "seg-heard", id: help }, KEYS_IN_WORDS);
  const stage = make("div", {
    class: "seg-lab-stage", role: "application", tabindex: 0, "data-role": "picture",
    "aria-label": `Your segments, ${lab.height} rows of ${lab.width} cells`, "aria-describedby": help,
  }, canvas);
  setProportions(stage, lab);
  listenToPointer(scope, stage, lab, state, actions);
  scope.listen(stage, "focus", () => {
    if (!stage.matches(":focus-visible")) return;
    state.cursor ??= Math.floor(lab.height / 2) * lab.width + Math.floor(lab.width / 2);
    state.refresh();
  });
  scope.listen(stage, "blur", () => {
    actions.cancel();
    state.cursor = null;
    state.refresh();
  });
  return { canvas, stage, keys };
}

function listenToPointer(scope, stage, lab, state, actions) {
  const cellAt = (event) => {
    const box = stage.getBoundingClientRect();
    const place = (part, size) => Math.min(Math.max(Math.floor(part * size), 0), size - 1);
    const row = place((event.clientY - box.top) / box.height, lab.height);
    return row * lab.width + place((event.clientX - box.left) / box.width, lab.width);
  };
  let fresh = false; // whether the press began the action, or ends one that waits
  scope.listen(stage, "pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    stage.setPointerCapture(event.pointerId);
    stage.focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
    state.cursor = cellAt(event);
    if (lab.pending && lab.pending.tool !== "merge") actions.end(lab.pending.at); // begun by keys
    fresh = !lab.pending;
    if (fresh) actions.begin(state.cursor);
    else actions.move(state.cursor);
  });
  scope.listen(stage, "pointermove", (event) => {
    const at = cellAt(event);
    if (at === state.cursor) return;
    state.cursor = event.pointerType === "mouse" || stage.hasPointerCapture(event.pointerId) ? at : null;
    if (lab.pending && (stage.hasPointerCapture(event.pointerId) || lab.pending.tool === "merge")) actions.move(at);
    state.refresh();
  });
  scope.listen(stage, "pointerup", (event) => {
    if (!lab.pending || !stage.hasPointerCapture(event.pointerId)) return;
    const at = cellAt(event);
    const picked = fresh && lab.pending.tool === "merge" && lab.segments[at] === lab.pending.segment;
    if (picked) state.say(`Segment ${lab.pending.segment + 1} picked. Press on the one it should join.`);
    else actions.end(at);
  });
  scope.listen(stage, "pointercancel", () => actions.cancel());
  scope.listen(stage, "pointerleave", () => {
    if (!stage.matches(":focus-visible") && !lab.pending) state.cursor = null;
    state.refresh();
  });
}

/** Keys are heard at the window, before the shortcuts of a notebook (and before `keepKeys`). */
function listenToKeys(scope, stage, lab, state, actions) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const walk = (right, down) => {
    const at = state.cursor ?? 0;
    const x = Math.min(Math.max((at % lab.width) + right, 0), lab.width - 1);
    const y = Math.min(Math.max(Math.floor(at / lab.width) + down, 0), lab.height - 1);
    state.cursor = y * lab.width + x;
    if (lab.pending) actions.move(state.cursor);
    state.refresh();
    const segment = lab.segments[state.cursor] + 1;
    state.say(`Row ${y + 1}, column ${x + 1}: segment ${segment}, true label ${lab.truth[state.cursor]}.`);
  };
  const act = () => {
    state.cursor ??= 0;
    if (lab.pending) return actions.end(state.cursor);
    actions.begin(state.cursor);
    const words = { paint: "Moving the boundary of", merge: "Picked", split: "Cutting" }[state.tool];
    state.say(`${words} segment ${lab.pending.segment + 1}.`);
  };
  const choose = (tool, words) => {
    state.choose(tool);
    state.say(`${words}.`);
  };
  const answer = (event) => {
    const far = event.shiftKey ? 5 : 1;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") state.undo();
    else if (event.ctrlKey || event.metaKey || event.altKey) return false;
    else if (steps[event.key]) walk(...steps[event.key].map((step) => far * step));
    else if (event.key === " " || event.key === "Enter") event.repeat || act(); // once for a long press
    else if (event.key === "Escape" && lab.pending) actions.cancel();
    else if (TOOLS[Number(event.key) - 1]) choose(...TOOLS[Number(event.key) - 1]);
    else return false;
    return true;
  };
  scope.listen(window, "keydown", (event) => {
    if (event.composedPath().includes(stage) && answer(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
}
