// SegmentLab: move, merge and split the segments of a small map, and all scores follow.

ICONS.undo = "M6.2 2 2 6l4.2 4V7.1h3.6a2.4 2.4 0 0 1 0 4.8H5.6v2.1h4.2a4.5 4.5 0 0 0 0-9H6.2z";
ICONS.reset = "M8 2.6V.4L3.6 3.7 8 7V4.7a3.6 3.6 0 1 1-3.5 4.5l-2 .5A5.7 5.7 0 1 0 8 2.6z";

const TOOLS = [
  ["paint", "Move boundary", "Press on a segment and drag: the cells on the way join it."],
  ["merge", "Merge", "Press on a segment, then on the one it should join."],
  ["split", "Split", "Press on a segment to cut it in two, or drag a line across it."],
];
const KEYS_IN_WORDS =
  "Arrow keys move a cell, with Shift by five. Space begins and ends what the tool does, Escape gives it up. " +
  "Keys 1, 2 and 3 choose the tool, Control Z undoes.";

// ---------------------------------------------------------------- controls

function createStarts(scope, model, lab, state) {
  const names = model.get("start_names");
  const options = names.map((name) => make("option", { value: name }, name));
  const select = make("select", { "data-role": "start" }, ...options);
  const load = (words) => {
    state.stop();
    lab.commit(readCells(model.get("start_maps")[names.indexOf(select.value)]));
    state.refresh();
    state.say(`${words}${select.value}: ${inWords(lab)}.`);
  };
  scope.listen(select, "change", () => {
    load("");
    model.set("start", select.value);
    model.save_changes();
  });
  const show = () => (select.value = model.get("start"));
  scope.watch(model, "change:start", show);
  show();
  const box = make("label", { class: "seg-field seg-lab-start" }, make("span", { class: "seg-name" }, "Start from"), select);
  return { box, reset: () => load("Reset to ") };
}

function createControls(scope, model, lab, state) {
  const tools = createChoice(scope, { legend: "Tool", role: "tool", options: TOOLS, change: state.choose });
  const brush = createChoice(scope, {
    legend: "Brush", role: "brush", options: [[1, "1 cell"], [3, "3 cells"]],
    change: (value) => (state.brush = Number(value)),
  });
  const truth = make("input", { type: "checkbox", "data-role": "truth" });
  truth.checked = state.showTruth;
  scope.listen(truth, "change", () => {
    state.showTruth = truth.checked;
    state.refresh();
  });
  const starts = createStarts(scope, model, lab, state);
  const [undo, reset] = [createButton("undo"), createButton("reset")];
  undo.show("undo", "Undo");
  reset.show("reset", "Reset");
  scope.listen(undo.button, "click", state.undo);
  scope.listen(reset.button, "click", starts.reset);
  const hint = make("p", { class: "seg-note", "data-role": "hint" });
  const show = () => {
    tools.show(state.tool);
    brush.show(state.brush);
    brush.box.disabled = state.tool !== "paint";
    hint.textContent = TOOLS.find(([name]) => name === state.tool)[2];
    undo.button.setAttribute("aria-disabled", String(lab.history.length === 0));
  };
  const lines = make("label", { class: "seg-field seg-field-check" }, truth, make("span", {}, "True boundaries"));
  const box = make("div", { class: "seg-lab-controls" }, tools.box, hint,
    make("div", { class: "seg-lab-row" }, lines, brush.box), starts.box,
    make("div", { class: "seg-lab-row" }, undo.button, reset.button));
  return { box, show };
}

// ---------------------------------------------------------------- widget

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

/** What the controls, the picture and the keys of one view share. */
function createState(lab, heard) {
  const state = { tool: "paint", brush: 1, showTruth: true, cursor: null, refresh: () => {} };
  state.say = (words) => (heard.textContent = words);
  state.actions = createActions(lab, {
    tool: () => state.tool, brush: () => state.brush,
    refresh: () => state.refresh(), say: state.say,
  });
  state.stop = () => state.actions.cancel();
  state.choose = (tool) => {
    state.stop();
    state.tool = tool;
    state.refresh();
  };
  state.undo = () => {
    if (lab.pending) return state.stop();
    const done = lab.undo();
    state.refresh();
    state.say(done ? `Undone: ${inWords(lab)}.` : "Nothing to undo.");
  };
  return state;
}

async function render({ model, el }) {
  const scope = createScope();
  const bytes = toBytes(model.get("photo"));
  const photo = bytes.length ? await decodePhoto(bytes) : null;
  const lab = createLab(model);
  const heard = make("p", { class: "seg-heard", "aria-live": "polite", "data-role": "heard" });
  const state = createState(lab, heard);
  const redraw = onceAFrame(scope, () => {
    controls.show();
    table.show();
    const look = { ...state, photo, colors: model.get("colors"), brush: state.tool === "paint" ? state.brush : 1 };
    if (picture.canvas.clientWidth) drawLab(picture.canvas, lab, look);
    picture.canvas.dataset.segments = lab.scores.num_segments;
  });
  state.refresh = redraw;
  const picture = createPicture(scope, model, lab, state, state.actions);
  listenToKeys(scope, picture.stage, lab, state, state.actions);
  const controls = createControls(scope, model, lab, state);
  const table = createTable(lab);
  scope.watch(model, "change:labels_now", () => {
    const values = readCells(model.get("labels_now"));
    if (values.every((label, at) => label === lab.values[at])) return;
    const { base, scores } = lab.pending ?? { base: lab.values, scores: lab.scores };
    lab.pending = null;
    lab.remember(base, scores);
    lab.take(values);
    redraw();
  });
  const legend = make("p", { class: "seg-note" }, "▲ better, ▼ worse than before");
  el.classList.add("seg-widget", "seg-lab");
  el.append(
    make("div", { class: "seg-lab-columns" },
      make("div", { class: "seg-lab-hand" }, picture.stage, picture.keys, controls.box),
      make("div", { class: "seg-lab-scores" }, table.table, legend)),
    createHelp(), heard,
  );
  keepKeys(scope, el);
  redraw();
  return () => scope.end();
}

export default { render };
