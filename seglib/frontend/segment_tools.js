// SegmentLab's map: how it is changed, its history, and what the tools do to it.

const MAX_UNDO = 200;

const readCells = (data) => Uint16Array.from(unpackCells(toBytes(data)));

/** 16-bit integers, low byte first, whatever their place in a buffer. */
function* unpackCells(bytes) {
  for (let at = 0; at < bytes.length; at += 2) yield bytes[at] | (bytes[at + 1] << 8);
}

function packCells(values) {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  values.forEach((label, at) => view.setUint16(2 * at, label, true));
  return view;
}

/** Cells on the straight way from one to another, both included. */
function cellsBetween(from, to, width) {
  const [x, y] = [from % width, Math.floor(from / width)];
  const [right, down] = [(to % width) - x, Math.floor(to / width) - y];
  const steps = Math.max(Math.abs(right), Math.abs(down));
  const cellAt = (part) => Math.round(y + part * down) * width + Math.round(x + part * right);
  return Array.from({ length: steps + 1 }, (_, step) => cellAt(steps ? step / steps : 0));
}

/** Cells under a square brush that is one or three cells wide. */
function cellsUnder(at, brush, { width, height }) {
  const reach = (brush - 1) / 2;
  const [column, row] = [at % width, Math.floor(at / width)];
  const cells = [];
  for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, height - 1); y++) {
    for (let x = Math.max(column - reach, 0); x <= Math.min(column + reach, width - 1); x++) cells.push(y * width + x);
  }
  return cells;
}

function unusedLabel(values) {
  const used = new Set(values);
  let label = 0;
  while (used.has(label)) label++;
  return label;
}

/** The map with a new label where `isNew` holds in a segment; null if either part were empty. */
function splitSegment({ values, segments }, segment, isNew) {
  const label = unusedLabel(values);
  const isPart = (at) => segments[at] === segment && isNew(at);
  const changed = values.map((old, at) => (isPart(at) ? label : old));
  const rest = changed.some((value, at) => segments[at] === segment && value !== label);
  return rest && changed.includes(label) ? changed : null;
}

/** Cut a segment through one of its cells, across its longer side. */
function cutAcross(lab, at) {
  const cells = [...lab.segments.keys()].filter((cell) => lab.segments[cell] === lab.segments[at]);
  const spans = [(cell) => cell % lab.width, (cell) => Math.floor(cell / lab.width)].map((place) => {
    const places = cells.map(place);
    return { place, low: Math.min(...places), size: Math.max(...places) - Math.min(...places) };
  });
  const { place, low } = spans[1].size > spans[0].size ? spans[1] : spans[0];
  const edge = Math.max(place(at), low + 1);
  return splitSegment(lab, lab.segments[at], (cell) => place(cell) >= edge);
}

/** Cut the segment that a line crosses longest, along that line. */
function cutAlong(lab, from, to) {
  const segment = longestCrossed(lab, from, to);
  const place = (cell) => [cell % lab.width, Math.floor(cell / lab.width)];
  const [[x, y], [endX, endY]] = [place(from), place(to)];
  const side = (cell) => (endX - x) * (place(cell)[1] - y) - (endY - y) * (place(cell)[0] - x);
  return splitSegment(lab, segment, (cell) => side(cell) > 0)
    ?? splitSegment(lab, segment, (cell) => side(cell) >= 0);
}

function longestCrossed({ segments, width }, from, to) {
  const counts = new Map();
  for (const at of cellsBetween(from, to, width)) counts.set(segments[at], (counts.get(segments[at]) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

// ---------------------------------------------------------------- the map and its history

/** The reader's map with its segments and scores, those before the last action, and undo. */
function createLab(model) {
  const lab = {
    width: model.get("width"), height: model.get("height"),
    truth: readCells(model.get("truth")),
    history: [], before: null, pending: null,
  };
  lab.take = (values) => {
    lab.values = values;
    lab.segments = findSegments(values, lab.width);
    lab.scores = scoreMap(values, lab.truth, lab.width);
  };
  lab.publish = () => {
    model.set("labels_now", packCells(lab.values));
    model.save_changes();
  };
  /** Keep what the map was before an action, and tell the model what it is now. */
  lab.remember = (base, scores) => {
    lab.history.push(base);
    if (lab.history.length > MAX_UNDO) lab.history.shift();
    lab.before = scores;
  };
  lab.commit = (values, base = lab.values, scores = lab.scores) => {
    lab.remember(base, scores);
    lab.take(values);
    lab.publish();
  };
  lab.undo = () => {
    const values = lab.history.pop();
    if (!values) return false;
    lab.before = lab.scores;
    lab.take(values);
    lab.publish();
    return true;
  };
  lab.take(readCells(model.get("labels_now")));
  return lab;
}

const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const inWords = ({ scores }) =>
  `${counted(scores.num_segments, "segment")}, covering ${scores.covering.toFixed(2)}`;

/**
 * What the tools do between press and release; the keyboard calls the same three functions.
 * An action under way is `lab.pending`: its tool, where it began and where it is now.
 */
function createActions(lab, { tool, brush, refresh, say }) {
  const paint = (cells) => {
    const values = lab.values.slice();
    for (const at of cells.flatMap((cell) => cellsUnder(cell, brush(), lab))) values[at] = lab.pending.label;
    lab.take(values);
  };
  const begin = (at) => {
    const { values, segments, scores } = lab;
    lab.pending = {
      tool: tool(), from: at, at, base: values, scores, before: lab.before,
      label: values[at], segment: segments[at],
    };
    if (tool() === "paint") {
      lab.before = scores;
      paint([at]);
    }
    refresh();
  };
  const move = (at) => {
    if (lab.pending.tool === "paint") paint(cellsBetween(lab.pending.at, at, lab.width));
    lab.pending.at = at;
    refresh();
  };
  const finish = (words) => {
    lab.pending = null;
    refresh();
    say(words);
  };
  const giveUp = (words) => {
    lab.take(lab.pending.base);
    lab.before = lab.pending.before;
    finish(words);
  };
  const endings = {
    paint({ base, scores }) {
      const changed = lab.values.filter((label, at) => label !== base[at]).length;
      if (!changed) return giveUp("No cell changed.");
      lab.commit(lab.values, base, scores);
      finish(`Boundary moved, ${counted(changed, "cell")} changed: ${inWords(lab)}.`);
    },
    merge({ segment }, at) {
      const other = lab.segments[at];
      if (other === segment) return finish("A segment does not merge with itself.");
      const label = lab.values[at];
      const count = lab.scores.num_segments;
      lab.commit(lab.values.map((old, cell) => (lab.segments[cell] === segment ? label : old)));
      const apart = lab.scores.num_segments === count ? " They share a label but do not touch." : "";
      finish(`Segment ${segment + 1} merged with segment ${other + 1}: ${inWords(lab)}.${apart}`);
    },
    split({ from }, at) {
      const segment = from === at ? lab.segments[at] : longestCrossed(lab, from, at);
      const values = from === at ? cutAcross(lab, at) : cutAlong(lab, from, at);
      if (!values) return finish(`Segment ${segment + 1} is too small to be cut here.`);
      lab.commit(values);
      finish(`Segment ${segment + 1} split: ${inWords(lab)}.`);
    },
  };
  const end = (at) => endings[lab.pending.tool](lab.pending, at);
  const cancel = () => {
    if (lab.pending) giveUp("Given up.");
  };
  return { begin, move, end, cancel };
}
