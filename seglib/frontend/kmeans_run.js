// KMeansExplorer's run: k-means in slices of time, and the curve of the elbow.

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
    run,
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
    this.asked = false; // a screen reader hears of what the reader began, not of the first run
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
    this.asked = true;
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
    this.asked = true;
    if (this.done) this.begin("step");
    else this.resume("step");
  }

  play() {
    this.asked = true;
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
    const seed = this.model.get("elbow_seed"); // a new start leaves the curve as it is
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
