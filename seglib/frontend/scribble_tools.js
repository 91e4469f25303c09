// ScribblePad's scribbles: how they are changed, their history, their file, and the talk with
// the kernel. One pad for all views of a model.

const NONE = 255; // no scribble, as in the authors' files
const MAX_UNDO = 60;
const PATIENCE = 3000; // milliseconds without an answer before the reader is told

// ---------------------------------------------------------------- the file

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/** Length, type, data and checksum (PNG specification, section 5.3). */
function pngChunk(type, data) {
  const chunk = new Uint8Array(12 + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(data, 8);
  let rest = 0xffffffff;
  for (const byte of chunk.subarray(4, 8 + data.length)) rest = CRC_TABLE[(rest ^ byte) & 255] ^ (rest >>> 8);
  view.setUint32(8 + data.length, ~rest);
  return chunk;
}

/** A grey PNG in which the byte of a pixel is its label. A canvas can write only colours. */
async function encodeGrey({ width, height, values }) {
  const rows = new Uint8Array(height * (width + 1)); // each row begins with its filter, 0: none
  for (let y = 0; y < height; y++) rows.set(values.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const header = new Uint8Array(13); // 8 bits, grey, no interlace
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
  const data = new Uint8Array(await new Response(packed).arrayBuffer());
  const parts = [signature, pngChunk("IHDR", header), pngChunk("IDAT", data), pngChunk("IEND", new Uint8Array())];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

// ---------------------------------------------------------------- the brush

/** Cover the pixels within half a brush of a point with a label; `point` is a pixel, [x, y]. */
function stamp({ width, height, values }, [x, y], brush, label) {
  const reach = brush / 2;
  const inside = (place, size) => Math.min(Math.max(place, 0), size - 1);
  for (let row = inside(Math.ceil(y - reach), height); row <= inside(Math.floor(y + reach), height); row++) {
    for (let column = inside(Math.ceil(x - reach), width); column <= inside(Math.floor(x + reach), width); column++) {
      if ((column - x) ** 2 + (row - y) ** 2 <= reach * reach) values[row * width + column] = label;
    }
  }
}

/** Stamp all the way from one pixel to another, so that a fast hand leaves no gaps. */
function stampLine(map, from, to, brush, label) {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
  const between = (part) => [0, 1].map((axis) => Math.round(from[axis] + part * (to[axis] - from[axis])));
  for (let step = 0; step <= steps; step++) stamp(map, between(step / steps), brush, label);
}

/** Strokes that hang together: label, size, and the pixel of each nearest to its middle. */
function findStrokes({ width, height, values }) {
  const seen = new Uint8Array(values.length);
  const strokes = [];
  for (let start = 0; start < values.length; start++) {
    if (values[start] === NONE || seen[start]) continue;
    const cells = [start];
    seen[start] = 1;
    let [sumX, sumY] = [0, 0];
    for (let i = 0; i < cells.length; i++) {
      const at = cells[i];
      const [x, y] = [at % width, Math.floor(at / width)];
      sumX += x;
      sumY += y;
      const around = [x > 0 && at - 1, x < width - 1 && at + 1, y > 0 && at - width, y < height - 1 && at + width];
      for (const next of around) {
        if (next === false || seen[next] || values[next] !== values[start]) continue;
        seen[next] = 1;
        cells.push(next);
      }
    }
    const far = (at) => (at % width - sumX / cells.length) ** 2 + (Math.floor(at / width) - sumY / cells.length) ** 2;
    const middle = cells.reduce((best, at) => (far(at) < far(best) ? at : best));
    strokes.push({ label: values[start], size: cells.length, x: middle % width, y: Math.floor(middle / width) });
  }
  return strokes;
}

// ---------------------------------------------------------------- the pad

const same = (one, other) => one.length === other.length && one.every((value, at) => value === other[at]);

/** Scribbles with the maps that a run made of them. */
function makeSource(name, scribbles, frames, { steps, num_steps, colors }) {
  const kept = frames.map((data, i) => ({ step: steps[i], bytes: toBytes(data), keep: true }));
  return { name, bytes: scribbles && toBytes(scribbles), frames: kept, numSteps: num_steps, colors };
}

/**
 * The scribbles on show, where they come from, and the run in the kernel.
 *
 * Tells its views: "paint" (the scribbles), "source" (another example or run), "frames" (more
 * of this run), "step", "kernel" (it has answered), "status" (of a run).
 */
class Pad extends EventTarget {
  constructor(model) {
    super();
    Object.assign(this, { model, width: model.get("width"), height: model.get("height") });
    const blank = makeSource("Blank, to paint your own", null, [], { colors: [] });
    const examples = model.get("examples").map((one) => makeSource(one.name, one.scribbles, one.frames, one));
    this.sources = [...examples, blank];
    this.values = new Uint8Array(this.width * this.height).fill(NONE);
    this.history = [];
    this.base = null; // the scribbles before a stroke that is under way
    this.kernel = null;
    this.status = { state: "idle", text: "" };
    this.show(this.sources[0]);
    this.hear = this.hear.bind(this);
    this.take = this.take.bind(this);
    model.on("msg:custom", this.hear);
    model.on("change:scribbles_now", this.take);
    this.ready = this.take();
    if (model.get("live")) this.ask({ type: "hello" });
  }

  end() {
    clearTimeout(this.waiting);
    this.model.off("msg:custom", this.hear);
    this.model.off("change:scribbles_now", this.take);
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  // ---- scribbles

  get empty() {
    return this.values.every((value) => value === NONE);
  }

  /** Whether the scribbles are no longer those of the result on show. */
  get changed() {
    return this.source.frames.length > 0 && this.source.values != null && !same(this.values, this.source.values);
  }

  /** The scribbles of a source, decoded once. */
  async read(source) {
    if (!source.bytes) return (source.values = new Uint8Array(this.values.length).fill(NONE));
    return (source.values ??= (await decodeLabels(source.bytes)).values);
  }

  /** Take what the model says: at the start, and when another page or Python has changed it. */
  async take() {
    const bytes = toBytes(this.model.get("scribbles_now"));
    if (this.saved && same(bytes, this.saved)) return;
    this.saved = bytes;
    await Promise.all(this.sources.map((source) => this.read(source)));
    const { values } = await decodeLabels(bytes);
    if (this.saved !== bytes) return; // changed since
    this.values = values.slice();
    this.tell("paint");
  }

  beginStroke() {
    this.base = { values: this.values.slice(), source: this.source };
  }

  /** Keep a stroke; whether it changed anything. */
  endStroke() {
    const { base } = this;
    this.base = null;
    if (same(base.values, this.values)) return false;
    this.remember(base);
    this.publish();
    return true;
  }

  cancelStroke() {
    this.values = this.base.values;
    this.base = null;
    this.tell("paint");
  }

  remember(before) {
    this.history.push(before);
    if (this.history.length > MAX_UNDO) this.history.shift();
  }

  replace(values, source = this.source) {
    this.remember({ values: this.values.slice(), source: this.source });
    this.values = values.slice();
    this.show(source);
    this.publish();
  }

  undo() {
    const before = this.history.pop();
    if (!before) return false;
    this.values = before.values;
    this.show(this.sources.includes(before.source) ? before.source : this.started); // of a run, the last
    this.publish();
    return true;
  }

  /** Tell the views at once, and the model when the file is made. */
  async publish() {
    this.tell("paint");
    const values = this.values.slice();
    const mine = (this.latest = {});
    const bytes = await encodeGrey({ width: this.width, height: this.height, values });
    if (mine !== this.latest) return;
    this.saved = bytes;
    this.model.set("scribbles_now", new DataView(bytes.buffer));
    this.model.save_changes();
  }

  file() {
    return encodeGrey(this);
  }

  // ---- results

  show(source) {
    if (source === this.source) return;
    this.source = source;
    this.index = source.frames.length - 1;
    this.tell("source");
  }

  async choose(number) {
    const source = this.sources[number];
    this.replace(await this.read(source), source);
  }

  get frame() {
    return this.source.frames[this.index];
  }

  seek(index) {
    this.index = index;
    this.tell("step");
  }

  // ---- kernel

  ask(message, buffers) {
    try {
      this.model.send(message, undefined, buffers);
    } catch {
      this.kernel = null;
      this.tell("kernel");
    }
  }

  /** Ask for something that the reader waits for. */
  command(message, buffers) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.setStatus({ ...this.status, text: "No answer yet: the kernel is busy or gone." });
    }, PATIENCE);
    this.ask(message, buffers);
  }

  async run() {
    const bytes = await this.file();
    this.command({ type: "start", knobs: this.kernel.knobs }, [bytes.buffer]);
  }

  setStatus(status) {
    this.status = status;
    this.tell("status");
  }

  async hear(message, buffers) {
    clearTimeout(this.waiting);
    if (message.type === "status") this.setStatus(message);
    if (message.type === "run") this.begin(message, buffers);
    if (message.type === "state") this.extend(message, buffers);
    if (message.type !== "kernel") return;
    this.kernel = { knobs: message.knobs };
    this.tell("kernel");
  }

  /** Show a run that has begun. The scribbles stay as they are: the reader may be painting. */
  begin(message, [scribbles, ...maps]) {
    if (this.started?.id === message.run) return;
    const steps = message.frames.map((frame) => frame.step);
    this.started = makeSource("Your last run", scribbles, maps, { ...message, steps });
    this.started.id = message.run;
    this.started.frames.forEach((frame, i) => (frame.keep = message.frames[i].keep));
    this.sources = [...this.sources.filter((source) => source.id == null), this.started];
    this.read(this.started).then(() => this.tell("paint"));
    this.show(this.started);
  }

  /** Add a state. A frame that is not kept gives way to the next; the newest is followed. */
  extend(message, [map]) {
    const run = this.started;
    if (run?.id !== message.run) return;
    const following = this.source === run && this.index === run.frames.length - 1;
    if (!run.frames.at(-1).keep) run.frames.pop();
    run.frames.push({ ...message.frame, bytes: toBytes(map) });
    run.colors = message.colors;
    if (this.source !== run) return;
    if (following) this.index = run.frames.length - 1;
    this.tell("frames");
  }
}
