// StepScrubber: move through the label maps of one run, and, when a kernel answers,
// start, pause and steer a run.

// ---------------------------------------------------------------- what is shown

/** The run that was saved with the widget. */
function savedRun(model) {
  const steps = model.get("frame_steps");
  const frames = model.get("frames");
  return {
    id: null,
    description: model.get("description"),
    photo: toBytes(model.get("photo")),
    colors: model.get("colors"),
    numSteps: model.get("curve_steps").at(-1),
    frames: frames.map((data, i) => ({ step: steps[i], bytes: toBytes(data), keep: true })),
    curve: {
      steps: model.get("curve_steps"),
      counts: model.get("label_curve"),
      losses: model.get("loss_curve"),
    },
  };
}

/** A run that the kernel has begun; its message brings all that is known of it so far. */
function startedRun(message, buffers) {
  const [photo, ...maps] = buffers.map(toBytes);
  return {
    id: message.run,
    description: message.description,
    photo,
    colors: message.colors,
    numSteps: message.num_steps,
    frames: message.frames.map((frame, i) => ({ ...frame, bytes: maps[i] })),
    curve: message.curve,
  };
}

/** Add what happened since the last message. A frame that is not kept gives way to the next. */
function extendRun(run, message, buffers) {
  for (const name of ["steps", "counts", "losses"]) run.curve[name].push(...message.curve[name]);
  run.colors = message.colors;
  if (!run.frames.at(-1).keep) run.frames.pop();
  run.frames.push({ ...message.frame, bytes: toBytes(buffers[0]) });
}

/** Index of the last frame at or before a step. */
function frameIndex(run, step) {
  const after = run.frames.findIndex((frame) => frame.step > step);
  if (after === 0) return 0;
  return (after < 0 ? run.frames.length : after) - 1;
}

function readings(run, frame) {
  const at = run.curve.steps.indexOf(frame.step);
  return { step: frame.step, count: run.curve.counts[at], loss: run.curve.losses[at] };
}

const lossText = (loss) => (loss == null ? "not finite" : Number(loss).toPrecision(3));
const countText = (count) => (count === 1 ? "1 label" : `${count} labels`);

function describeStep(run, frame) {
  const { step, count, loss } = readings(run, frame);
  return `step ${step} of ${run.numSteps}, ${countText(count)}, loss ${lossText(loss)}`;
}

// ---------------------------------------------------------------- one for all views of a model

const PATIENCE = 3000; // milliseconds without an answer before the reader is told

/**
 * The run on show and the talk with the kernel.
 *
 * Tells its views: "run" (another run), "frames" (more of this one), "kernel" (it has
 * answered), "status" (of a run), "knob …" (a setting was changed).
 */
class Recording extends EventTarget {
  constructor(model) {
    super();
    this.model = model;
    this.run = savedRun(model);
    this.following = true;
    this.kernel = null;
    this.status = { state: "idle", text: "" };
    this.hear = this.hear.bind(this);
    model.on("msg:custom", this.hear);
    if (model.get("live")) this.send({ type: "hello" });
  }

  end() {
    clearTimeout(this.waiting);
    this.model.off("msg:custom", this.hear);
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  /** Without a kernel nothing answers, and the controls of a run are never shown. */
  send(message) {
    try {
      this.model.send(message);
    } catch {
      this.kernel = null;
      this.tell("kernel");
    }
  }

  /** Ask for something that the reader waits for. */
  command(message) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.setStatus({ ...this.status, text: "No answer yet: the kernel is busy or gone." });
    }, PATIENCE);
    this.send(message);
  }

  setStatus(status) {
    this.status = status;
    this.tell("status");
  }

  hear(message, buffers) {
    clearTimeout(this.waiting);
    if (message.type === "kernel") this.meet(message);
    else if (message.type === "status") this.setStatus(message);
    else if (message.type === "run") this.begin(message, buffers);
    else if (message.type === "state") this.extend(message, buffers);
  }

  meet({ knobs, photographs }) {
    this.kernel = { knobs, photographs };
    this.tell("kernel");
  }

  begin(message, buffers) {
    if (message.run === this.run.id) return;
    this.run = startedRun(message, buffers);
    this.following = true;
    this.model.set("step", this.run.frames.at(-1).step);
    this.tell("run");
  }

  extend(message, buffers) {
    if (message.run !== this.run.id) return;
    extendRun(this.run, message, buffers);
    if (this.following) this.model.set("step", message.frame.step);
    this.tell("frames");
  }

  /** Go to a frame; a live run is followed again once its newest frame is reached. */
  seek(index, { save = true } = {}) {
    const last = this.run.frames.length - 1;
    this.following = index >= last;
    this.model.set("step", this.run.frames[Math.min(Math.max(index, 0), last)].step);
    if (save) this.model.save_changes();
  }

  get index() {
    return frameIndex(this.run, this.model.get("step"));
  }

  get frame() {
    return this.run.frames[this.index];
  }

  setKnob(name, value) {
    this.kernel.knobs[name] = value;
    if (name === "learning_rate") this.send({ type: "learning_rate", value });
    this.tell(`knob ${name}`);
  }
}

// ---------------------------------------------------------------- picture

function createPicture(scope, recording) {
  const { model } = recording;
  let latest = 0;
  const draw = async () => {
    const { run, frame } = recording;
    const mine = ++latest;
    run.bitmap ??= decodePhoto(run.photo);
    frame.map ??= decodeLabels(frame.bytes);
    const [photo, map] = await Promise.all([run.bitmap, frame.map]);
    if (mine !== latest || !canvas.clientWidth) return; // a newer frame is on its way
    drawPhoto(canvas, photo);
    const look = { opacity: model.get("opacity"), boundaries: model.get("boundaries") };
    drawOverlay(canvas, map, run.colors, look);
    canvas.dataset.step = frame.step;
  };
  const canvas = createStage(scope, recording.run.description, draw);
  const present = () => {
    canvas.setAttribute("aria-label", recording.run.description);
    setProportions(canvas, labelsSize(recording.frame.bytes));
    return draw();
  };
  scope.listen(recording, "run", present);
  for (const name of ["step", "opacity", "boundaries"]) scope.watch(model, `change:${name}`, draw);
  return { box: canvas, ready: present() };
}

// ---------------------------------------------------------------- play and slider

const PACE = 125; // milliseconds a frame is shown while playing
const CALM_PACE = 600; // for readers who asked for less motion

function createTransport(scope, recording) {
  const slider = createSlider({ label: "Step", role: "step" });
  const heard = make("p", { class: "seg-heard", role: "status", "data-role": "heard" });
  const show = () => {
    const { run, frame, index } = recording;
    slider.input.max = run.frames.length - 1;
    slider.show(index, describeStep(run, frame));
    slider.box.querySelector("output").textContent = `${frame.step} / ${run.numSteps}`;
  };
  const announce = () => (heard.textContent = describeStep(recording.run, recording.frame));
  const player = createPlayer(scope, recording, announce);
  scope.listen(slider.input, "input", () => {
    player.pause();
    recording.seek(Number(slider.input.value));
  });
  scope.watch(recording.model, "change:step", show);
  scope.listen(recording, "run", show);
  scope.listen(recording, "frames", show);
  show();
  const box = make("div", { class: "seg-transport" }, player.button, slider.box, heard);
  return { box };
}

/** Play from here to the last frame; from the last frame, play from the first. */
function createPlayer(scope, recording, announce) {
  const { button, show } = createButton("play", "seg-primary");
  let timer = null;
  const pause = () => {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    show("play", "Play");
    announce();
    recording.model.save_changes();
  };
  const advance = () => {
    recording.seek(recording.index + 1, { save: false });
    if (recording.index >= recording.run.frames.length - 1) pause();
  };
  const play = () => {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (recording.index >= recording.run.frames.length - 1) recording.seek(0, { save: false });
    show("pause", "Pause");
    timer = setInterval(advance, calm ? CALM_PACE : PACE);
  };
  scope.listen(button, "click", () => (timer === null ? play() : pause()));
  scope.listen(recording, "run", pause);
  scope.onEnd(() => clearInterval(timer));
  show("play", "Play");
  return { button, pause };
}

// ---------------------------------------------------------------- curves

/** An SVG path through the points in a box of 100 × 100; a value that is not finite leaves a gap. */
function tracePath(steps, values, scale) {
  let pen = "M";
  return steps
    .map((step, i) => {
      if (values[i] == null) {
        pen = "M";
        return "";
      }
      const point = `${pen}${scale.x(step).toFixed(2)} ${scale.y(values[i]).toFixed(2)}`;
      pen = "L";
      return point;
    })
    .join("");
}

function createScale(steps, values, numSteps) {
  const first = steps[0];
  const last = Math.max(numSteps, steps.at(-1));
  const top = Math.max(...values.filter((value) => value != null), 0) || 1;
  return {
    first,
    last,
    top,
    x: (step) => (last > first ? (100 * (step - first)) / (last - first) : 50),
    y: (value) => 100 - (100 * value) / top,
  };
}

/** One quantity over the steps: its value now in words, its curve, and a mark that moves. */
function createCurve(scope, recording, { name, series, role, format }) {
  const value = make("span", { class: "seg-reading", "data-role": role });
  const path = makeSvg("path", { class: "seg-line", "vector-effect": "non-scaling-stroke" });
  const svg = makeSvg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img" }, path);
  const plot = make("div", { class: "seg-plot" }, svg, make("div", { class: "seg-now" }), make("div", { class: "seg-dot" }));
  const ticks = ["seg-top", "seg-zero", "seg-first", "seg-last"].map((kind) => make("span", { class: `seg-tick ${kind}` }));
  let scale;
  const trace = () => {
    const { curve, numSteps } = recording.run;
    scale = createScale(curve.steps, curve[series], numSteps);
    path.setAttribute("d", tracePath(curve.steps, curve[series], scale));
    const ends = [curve[series][0], curve[series].at(-1)].map(format);
    svg.setAttribute("aria-label", `${name}: ${ends[0]} at step ${scale.first}, ${ends[1]} at step ${curve.steps.at(-1)}`);
    [format(scale.top), "0", scale.first, scale.last].forEach((text, i) => (ticks[i].textContent = text));
    mark();
  };
  const mark = () => {
    const { run, frame } = recording;
    const now = run.curve[series][run.curve.steps.indexOf(frame.step)];
    value.textContent = format(now);
    plot.style.setProperty("--seg-x", `${scale.x(frame.step)}%`);
    plot.style.setProperty("--seg-y", `${scale.y(now ?? 0)}%`);
  };
  scope.listen(plot, "click", (event) => {
    const box = plot.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    recording.seek(frameIndex(recording.run, Math.round(scale.first + part * (scale.last - scale.first))));
  });
  for (const event of ["run", "frames"]) scope.listen(recording, event, trace);
  scope.watch(recording.model, "change:step", mark);
  trace();
  const head = make("div", { class: "seg-curve-head" }, make("span", { class: "seg-name" }, name), value);
  return make("div", { class: "seg-curve" }, head, plot, ...ticks);
}

function createCurves(scope, recording) {
  const counts = { name: "Labels", series: "counts", role: "labels-count", format: String };
  const losses = { name: "Loss", series: "losses", role: "loss", format: lossText };
  return make("div", { class: "seg-curves" }, ...[counts, losses].map((kind) => createCurve(scope, recording, kind)));
}

// ---------------------------------------------------------------- run it in the kernel

const KNOBS = [
  { name: "num_components", label: "Components M", min: 1, max: 10 },
  { name: "num_labels", label: "Labels q", min: 2, max: 256 },
  { name: "num_superpixels", label: "Superpixels K", min: 0, max: 100000 },
  { name: "num_steps", label: "Steps T", min: 1, max: 10000 },
];

function createNumber(scope, recording, { name, label, min, max }) {
  const role = name.replaceAll("_", "-");
  const input = make("input", { type: "number", min, max, step: 1, required: true, inputmode: "numeric", "data-role": role });
  const show = () => {
    const value = recording.kernel.knobs[name];
    if (input.value === "" || Number(input.value) !== value) input.value = value;
  };
  scope.listen(input, "input", () => {
    if (input.checkValidity()) recording.setKnob(name, Number(input.value));
  });
  scope.listen(recording, `knob ${name}`, show);
  show();
  return make("label", { class: "seg-field" }, make("span", { class: "seg-name" }, label), input);
}

function createPhotoChoice(scope, recording) {
  const options = recording.kernel.photographs.map(({ name, title }) => make("option", { value: name }, title));
  const select = make("select", { "data-role": "photograph" }, ...options);
  const show = () => (select.value = recording.kernel.knobs.photograph);
  scope.listen(select, "change", () => recording.setKnob("photograph", select.value));
  scope.listen(recording, "knob photograph", show);
  show();
  return make("label", { class: "seg-field" }, make("span", { class: "seg-name" }, "Photograph"), select);
}

/** The learning rate moves on a logarithmic scale from 0.001 to 1, ten positions a decade. */
function createRateSlider(scope, recording) {
  const slider = createSlider({ label: "Learning rate", role: "learning-rate", min: -3, max: 0, step: 0.1 });
  const show = () => {
    const rate = recording.kernel.knobs.learning_rate;
    slider.show(Math.log10(Math.max(rate, 0.001)), String(Number(rate.toPrecision(2))));
  };
  scope.listen(slider.input, "input", () => {
    recording.setKnob("learning_rate", Number((10 ** slider.input.value).toPrecision(2)));
  });
  scope.listen(recording, "knob learning_rate", show);
  show();
  return slider.box;
}

function createRunButtons(scope, recording, form) {
  const start = createButton("start", "seg-primary");
  const pause = createButton("pause");
  const step = createButton("single-step");
  const show = () => {
    const { state } = recording.status;
    const active = state === "running" || state === "paused";
    start.show("play", active || recording.run.id !== null ? "Start again" : "Start");
    pause.show(...(state === "paused" ? ["play", "Continue"] : ["pause", "Pause"]));
    pause.button.hidden = !active;
    step.show("step", "One step");
  };
  const begin = (type) => {
    if (form.reportValidity()) recording.command({ type, knobs: recording.kernel.knobs });
  };
  scope.listen(form, "submit", (event) => event.preventDefault());
  scope.listen(start.button, "click", () => begin("start"));
  scope.listen(step.button, "click", () => begin("step"));
  scope.listen(pause.button, "click", () => {
    recording.command({ type: recording.status.state === "paused" ? "continue" : "pause" });
  });
  scope.listen(recording, "status", show);
  scope.listen(recording, "run", show);
  show();
  return [start.button, pause.button, step.button];
}

function createRunPanel(scope, recording) {
  const form = make("form", { class: "seg-run", "aria-label": "Run the network in the kernel" });
  const status = make("p", { class: "seg-status", role: "status", "data-role": "status" });
  const show = () => {
    status.textContent = recording.status.text;
    status.classList.toggle("seg-failed", recording.status.state === "failed");
  };
  scope.listen(recording, "status", show);
  show();
  const fields = KNOBS.map((knob) => createNumber(scope, recording, knob));
  form.append(
    make("div", { class: "seg-buttons" }, ...createRunButtons(scope, recording, form), status),
    createRateSlider(scope, recording),
    make("div", { class: "seg-knobs" }, createPhotoChoice(scope, recording), ...fields),
    make("p", { class: "seg-note" }, "The learning rate acts at once, the rest at the next start. K = 0: no superpixels."),
  );
  return form;
}

const WITHOUT_KERNEL =
  "With a kernel (Jupyter, Colab) the network also runs here, on other photographs and settings.";

/** Nothing for a widget that cannot run, one line without a kernel, the controls with one. */
function createRunPlace(scope, recording) {
  const place = make("div", { class: "seg-run-place" });
  if (!recording.model.get("live")) return place;
  let inner = createScope();
  const show = () => {
    inner.end();
    inner = createScope();
    const note = () => make("p", { class: "seg-note", "data-role": "note" }, WITHOUT_KERNEL);
    place.replaceChildren(recording.kernel ? createRunPanel(inner, recording) : note());
  };
  scope.listen(recording, "kernel", show);
  scope.onEnd(() => inner.end());
  show();
  return place;
}

// ---------------------------------------------------------------- the widget

async function render({ model, el }, recording) {
  const scope = createScope();
  const picture = createPicture(scope, recording);
  const look = make("div", { class: "seg-look" }, createOpacitySlider(scope, model), createBoundariesBox(scope, model));
  const parts = [createTransport(scope, recording).box, look, createCurves(scope, recording)];
  el.classList.add("seg-widget", "seg-scrubber");
  el.append(picture.box, ...parts, createRunPlace(scope, recording));
  keepKeys(scope, el);
  await picture.ready;
  return () => scope.end();
}

/** A function, called once for a model: its views share one recording. */
export default () => {
  let recording;
  return {
    initialize({ model }) {
      recording = new Recording(model);
      return () => recording.end();
    },
    render(view) {
      return render(view, recording);
    },
  };
};
