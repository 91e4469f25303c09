// ScribblePad: paint scribbles, replay prepared ones, and, when a kernel answers, run with yours.

ICONS.undo = "M6.2 2 2 6l4.2 4V7.1h3.6a2.4 2.4 0 0 1 0 4.8H5.6v2.1h4.2a4.5 4.5 0 0 0 0-9H6.2z";
ICONS.clear = "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8l4.6 4.6-1.4 1.4L8 9.4 3.4 14 2 12.6 6.6 8 2 3.4z";
ICONS.save = "M7 1.5h2v6.4l2.3-2.3L12.7 7 8 11.7 3.3 7l1.4-1.4L7 7.9zM2.5 12.5h11v2h-11z";
ICONS.stop = "M3.5 3.5h9v9h-9z";

const KNOBS = [
  { name: "num_steps", label: "Steps", min: 1, max: 10000, step: 1 },
  { name: "continuity_weight", label: "Continuity weight μ", min: 0, max: 1000, step: "any" },
  { name: "scribble_weight", label: "Scribble weight ν", min: 0, max: 1000, step: "any" },
];
const FILE_NAME = "scribbles.png";
const WITHOUT_KERNEL =
  "Running your own scribbles needs a kernel: open this chapter in Jupyter or Colab and run its cells. " +
  "“Run” then appears here. ";
const WITH_LIBRARY = "The file that you download goes into the library: ";
const IN_CODE = `kim2020.segment(image, scribbles=load_scribbles("${FILE_NAME}"))`;

// ---------------------------------------------------------------- what is shown, in words

/** How much of the picture has each class: what a map says to readers who do not see colours. */
function sharesOf({ values }, names) {
  const counts = new Map();
  for (const label of values) counts.set(label, (counts.get(label) ?? 0) + 1);
  const rest = [...counts].filter(([label]) => label >= names.length).reduce((sum, [, count]) => sum + count, 0);
  const parts = names.map((name, label) => [`${label + 1} ${name}`, counts.get(label) ?? 0]);
  if (rest > 0) parts.push(["other labels (grey)", rest]);
  const inWords = (count) => (count > 0 && count < 0.005 * values.length ? "below 1 %" : percent(count / values.length));
  const words = parts.filter(([, count]) => count > 0).map(([name, count]) => `${name}: ${inWords(count)}`);
  return { count: counts.size, words: words.join(", ").replace(/^o/, "O") };
}

function createReading(scope, pad) {
  const names = pad.model.get("class_names");
  const result = make("p", { class: "seg-pad-result", "data-role": "result" });
  const note = make("p", { class: "seg-note seg-pad-changed", "data-role": "changed" },
    "You have changed the scribbles. The result shown is that of the earlier ones.");
  const show = async () => {
    const { frame, source } = pad;
    note.hidden = !pad.changed;
    if (!frame) return (result.textContent = "No result: nothing has been run with these scribbles.");
    const map = await (frame.map ??= decodeLabels(frame.bytes));
    if (frame !== pad.frame) return;
    frame.shares ??= sharesOf(map, names);
    const { count, words } = frame.shares;
    result.textContent = `Step ${frame.step} of ${source.numSteps}, ${count === 1 ? "1 label" : `${count} labels`}. ${words}.`;
  };
  for (const name of ["paint", "source", "frames", "step"]) scope.listen(pad, name, show);
  return { box: make("div", { class: "seg-pad-reading" }, result, note), show, words: () => result.textContent };
}

function createSourceChoice(scope, pad, say, reading) {
  const select = make("select", { "data-role": "source" });
  const show = () => {
    select.replaceChildren(...pad.sources.map(({ name }, i) => make("option", { value: i }, name)));
    select.value = pad.sources.indexOf(pad.source);
  };
  scope.listen(select, "change", async () => {
    await pad.choose(Number(select.value));
    await reading.show();
    say(`${pad.source.name}. ${reading.words()}`);
  });
  scope.listen(pad, "source", show);
  show();
  return make("label", { class: "seg-field seg-pad-source" }, make("span", { class: "seg-name" }, "Scribbles and result"), select);
}

function createStepSlider(scope, pad, say, reading) {
  const slider = createSlider({ label: "Step", role: "step" });
  const show = () => {
    const { frame, source, index } = pad;
    slider.box.hidden = source.frames.length < 2;
    if (!frame) return;
    slider.input.max = source.frames.length - 1;
    slider.show(index, `step ${frame.step} of ${source.numSteps}`);
    slider.box.querySelector("output").textContent = `${frame.step} / ${source.numSteps}`;
  };
  scope.listen(slider.input, "input", () => pad.seek(Number(slider.input.value)));
  scope.listen(slider.input, "change", async () => {
    await reading.show();
    say(reading.words());
  });
  for (const name of ["source", "frames", "step"]) scope.listen(pad, name, show);
  show();
  return slider.box;
}

// ---------------------------------------------------------------- tools

function createTools(scope, pad, hand, say) {
  const { model } = pad;
  const group = `seg-pad-${Math.random().toString(36).slice(2)}`;
  const chip = (label, role, ...words) => {
    const input = make("input", { type: "radio", name: group, value: label, "data-role": role });
    scope.listen(input, "change", () => choose(label));
    return { label, input, box: make("label", { class: "seg-pad-chip" }, input, make("span", {}, ...words)) };
  };
  const colors = model.get("class_colors");
  const chips = model.get("class_names").map((name, label) =>
    chip(label, `class-${label + 1}`, createSwatch(colors[label], label), make("b", {}, String(label + 1)), ` ${name}`));
  chips.push(chip(NONE, "eraser", "Eraser"));
  const slider = createSlider({ label: "Brush size", role: "brush", min: 1, max: 25, step: 2 });
  const show = () => {
    for (const { label, input } of chips) input.checked = label === hand.label;
    slider.show(hand.brush, `${hand.brush} pixels`);
    slider.box.querySelector("output").textContent = `${hand.brush} px`;
  };
  /** A stroke under way ends first: it belongs to the class that it was begun with. */
  const choose = (label) => {
    hand.lift();
    hand.label = label;
    show();
    say(label === NONE ? "Eraser." : `Painting ${hand.nameOf(label)}.`);
  };
  const setBrush = (size) => {
    hand.brush = Math.min(Math.max(size, 1), 25);
    show();
    hand.refresh();
  };
  const resize = (way) => {
    setBrush(hand.brush + 2 * way);
    say(`Brush of ${hand.brush} pixels.`);
  };
  scope.listen(slider.input, "input", () => setBrush(Number(slider.input.value)));
  show();
  const box = make("fieldset", { class: "seg-pad-chips" }, make("legend", { class: "seg-name" }, "Paint"), ...chips.map((one) => one.box));
  return { box, slider: slider.box, choose, resize };
}

/** Save bytes as a file of the reader's. */
function download(bytes, name) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function createActions(scope, pad, hand, say) {
  const [undo, clear, save] = ["undo", "clear", "save"].map((role) => createButton(role));
  undo.show("undo", "Undo");
  clear.show("clear", "Clear");
  save.show("save", "Download PNG");
  const takeBack = () => {
    if (hand.down) return hand.giveUp();
    say(pad.undo() ? "Undone." : "Nothing to undo.");
  };
  scope.listen(undo.button, "click", takeBack);
  scope.listen(clear.button, "click", () => {
    if (pad.empty) return say("There are no scribbles.");
    pad.replace(pad.values.slice().fill(NONE));
    say("Scribbles cleared.");
  });
  scope.listen(save.button, "click", async () => {
    if (pad.empty) return say("There are no scribbles to save.");
    download(await pad.file(), FILE_NAME);
    say(`Saved as ${FILE_NAME}.`);
  });
  const show = () => {
    undo.button.setAttribute("aria-disabled", String(pad.history.length === 0));
    for (const { button } of [clear, save]) button.setAttribute("aria-disabled", String(pad.empty));
  };
  scope.listen(pad, "paint", show);
  show();
  return { box: make("div", { class: "seg-buttons" }, undo.button, clear.button, save.button), takeBack };
}

// ---------------------------------------------------------------- run

function createKnob(scope, pad, { name, label, min, max, step }) {
  const role = name.replaceAll("_", "-");
  const input = make("input", { type: "number", min, max, step, required: true, value: pad.kernel.knobs[name], "data-role": role });
  scope.listen(input, "input", () => {
    if (input.checkValidity()) pad.kernel.knobs[name] = Number(input.value);
  });
  return make("label", { class: "seg-field" }, make("span", { class: "seg-name" }, label), input);
}

function createRunPanel(scope, pad, say) {
  const form = make("form", { class: "seg-run", "aria-label": "Run with your scribbles in the kernel" });
  const status = make("p", { class: "seg-status", role: "status", "data-role": "status" });
  const [run, pause, stop] = [createButton("run", "seg-primary"), createButton("pause"), createButton("stop")];
  const show = () => {
    const { state, text } = pad.status;
    const active = state === "running" || state === "paused";
    run.show("play", active ? "Run again" : "Run");
    pause.show(...(state === "paused" ? ["play", "Continue"] : ["pause", "Pause"]));
    stop.show("stop", "Stop");
    pause.button.hidden = stop.button.hidden = !active;
    run.button.setAttribute("aria-disabled", String(pad.empty));
    status.textContent = text;
    status.classList.toggle("seg-failed", state === "failed");
  };
  scope.listen(form, "submit", (event) => event.preventDefault());
  scope.listen(run.button, "click", () => {
    if (pad.empty) say("Paint a scribble first.");
    else if (form.reportValidity()) pad.run();
  });
  scope.listen(pause.button, "click", () => pad.command({ type: pad.status.state === "paused" ? "continue" : "pause" }));
  scope.listen(stop.button, "click", () => {
    run.button.focus(); // the button that had the focus goes away
    pad.command({ type: "stop" });
  });
  for (const name of ["status", "paint"]) scope.listen(pad, name, show);
  show();
  form.append(
    make("div", { class: "seg-buttons" }, run.button, pause.button, stop.button, status),
    make("div", { class: "seg-knobs seg-pad-knobs" }, ...KNOBS.map((knob) => createKnob(scope, pad, knob))),
    make("p", { class: "seg-note" }, "The next cell finds what you have painted in this widget’s ", make("code", {}, "scribbles"), "."),
  );
  return form;
}

/** One line without a kernel, the controls of a run with one. */
function createRunPlace(scope, pad, say) {
  const place = make("div", { class: "seg-run-place" });
  let inner = createScope();
  const inCode = () => [WITH_LIBRARY, make("code", {}, IN_CODE)];
  const show = () => {
    inner.end();
    inner = createScope();
    const note = make("p", { class: "seg-note", "data-role": "note" });
    note.append(...(pad.model.get("live") ? [WITHOUT_KERNEL] : []), ...inCode());
    place.replaceChildren(pad.kernel ? createRunPanel(inner, pad, say) : note);
  };
  scope.listen(pad, "kernel", show);
  scope.onEnd(() => inner.end());
  show();
  return place;
}

// ---------------------------------------------------------------- the widget

function createHelp(names) {
  const entries = [
    ["Arrow keys", `Move the brush by ${STRIDE} pixels, with Shift by ${FAR_STRIDE}`],
    ["Space, Enter", "Pen down, pen up"], ["Escape", "Give up a stroke"],
    [`1 – ${names.length}, E`, "Class, eraser"], ["+, −", "Size of the brush"], ["Ctrl Z", "Undo"],
  ];
  return make("details", { class: "seg-pad-help" }, make("summary", {}, "Fingers and keys"),
    make("p", { class: "seg-note" }, "One finger paints, two scroll and zoom. With the picture in focus:"),
    make("dl", {}, ...entries.map(([keys, words]) => make("div", {}, make("dt", {}, keys), make("dd", {}, words)))));
}

async function render({ model, el }, pad) {
  const scope = createScope();
  const heard = make("p", { class: "seg-heard", "aria-live": "polite", "data-role": "heard" });
  const say = (words) => (heard.textContent = words);
  const [photo] = await Promise.all([decodePhoto(toBytes(model.get("photo"))), pad.ready]);
  const hand = createHand(pad, say);
  const picture = createPicture(scope, pad, photo, hand);
  hand.refresh = picture.refresh;
  const reading = createReading(scope, pad);
  const tools = createTools(scope, pad, hand, say);
  const actions = createActions(scope, pad, hand, say);
  listenToPointer(scope, picture.stage, pad, hand);
  listenToKeys(scope, picture.stage, pad, hand, { ...tools, undo: actions.takeBack, say });
  el.classList.add("seg-widget", "seg-pad");
  el.append(
    createSourceChoice(scope, pad, say, reading), picture.stage, picture.keys, reading.box,
    createStepSlider(scope, pad, say, reading), tools.box, tools.slider, actions.box,
    make("div", { class: "seg-look" }, createOpacitySlider(scope, model), createBoundariesBox(scope, model)),
    createRunPlace(scope, pad, say), createHelp(model.get("class_names")), heard,
  );
  keepKeys(scope, el);
  scope.listen(pad, "status", async () => {
    if (!["finished", "stopped", "paused"].includes(pad.status.state) || !pad.frame) return;
    await reading.show();
    say(reading.words());
  });
  await reading.show();
  picture.refresh();
  return () => scope.end();
}

/** A function, called once for a model: its views share one pad. */
export default () => {
  let pad;
  return {
    initialize({ model }) {
      pad = new Pad(model);
      return () => pad.end();
    },
    render(view) {
      return render(view, pad);
    },
  };
};
