// The scores of seglib.scores in the page: pure functions of label maps in typed arrays, in
// reading order, with the names and the conventions of the Python functions.

/** Number the labels that occur 0, 1, … in increasing order, and count the cells of each. */
function numberLabels(values) {
  const counts = new Int32Array(values.reduce((most, label) => Math.max(most, label), 0) + 1);
  for (const label of values) counts[label]++;
  const areas = counts.filter((count) => count > 0);
  const rank = new Int32Array(counts.length);
  for (let label = 0, next = 0; label < counts.length; label++) if (counts[label]) rank[label] = next++;
  return { numbers: Int32Array.from(values, (label) => rank[label]), areas };
}

/** Split labels into 4-connected segments, numbered in reading order of their first cell. */
function findSegments(values, width) {
  const segments = new Int32Array(values.length).fill(-1);
  let count = 0;
  for (let first = 0; first < values.length; first++) {
    if (segments[first] >= 0) continue;
    const stack = [first];
    segments[first] = count;
    while (stack.length) {
      const at = stack.pop();
      for (const near of neighbors(at, width, values.length)) {
        if (segments[near] >= 0 || values[near] !== values[first]) continue;
        segments[near] = count;
        stack.push(near);
      }
    }
    count++;
  }
  return segments;
}

/** The cells that share an edge with a cell. */
function neighbors(at, width, length) {
  const near = [];
  if (at % width > 0) near.push(at - 1);
  if (at % width < width - 1) near.push(at + 1);
  if (at >= width) near.push(at - width);
  if (at + width < length) near.push(at + width);
  return near;
}

/** Mark the cells whose right or lower neighbour carries another label. */
function findBoundaries(values, width) {
  return Uint8Array.from(values, (label, at) => {
    const right = at % width < width - 1 && values[at + 1] !== label;
    return right || (at + width < values.length && values[at + width] !== label) ? 1 : 0;
  });
}

/** Contingency table of two maps: pixels[row * G + column], and the areas of both. */
function findOverlaps(labels, truth) {
  const mine = numberLabels(labels);
  const theirs = numberLabels(truth);
  const pixels = new Float64Array(mine.areas.length * theirs.areas.length);
  mine.numbers.forEach((row, at) => pixels[row * theirs.areas.length + theirs.numbers[at]]++);
  return { pixels, areas: mine.areas, trueAreas: theirs.areas, total: labels.length };
}

/** Call `visit` for each pair of labels that share cells. */
function eachPair({ pixels, trueAreas }, visit) {
  pixels.forEach((shared, at) => {
    if (shared) visit(Math.floor(at / trueAreas.length), at % trueAreas.length, shared);
  });
}

// ---------------------------------------------------------------- assignment

/**
 * Pair rows and columns of the table one to one, so that the pairs share most cells.
 *
 * Shortest augmenting paths (Jonker and Volgenant; Crouse 2016 for tables that are not square),
 * one for each line of the shorter side: O(short² · long). Of several best assignments it finds
 * the one that SciPy finds, because the mean IoU depends on it: the unpaired column goes first
 * among equally near ones, then the one that comes first in a list that starts reversed and
 * whose gaps are filled from its end.
 */
function assignMost({ pixels, areas, trueAreas }) {
  const flipped = areas.length > trueAreas.length;
  const [short, long] = flipped ? [trueAreas.length, areas.length] : [areas.length, trueAreas.length];
  const cost = flipped
    ? (row, column) => -pixels[column * short + row]
    : (row, column) => -pixels[row * long + column];
  const state = {
    cost, long,
    rowPrice: new Float64Array(short), columnPrice: new Float64Array(long),
    columnOf: new Int32Array(short).fill(-1), rowOf: new Int32Array(long).fill(-1),
  };
  for (let row = 0; row < short; row++) extendAssignment(state, row);
  return Array.from(state.columnOf, (column, row) => (flipped ? [column, row] : [row, column]));
}

/** Give one more row a column, along the cheapest path of exchanges. */
function extendAssignment({ cost, long, rowPrice, columnPrice, columnOf, rowOf }, start) {
  const distance = new Float64Array(long).fill(Infinity);
  const parent = new Int32Array(long);
  const open = Array.from({ length: long }, (_, i) => long - 1 - i);
  const reached = [];
  let row = start;
  let length = 0;
  let end = -1;
  while (end < 0) {
    let best = -1;
    for (let place = 0; place < open.length; place++) {
      const column = open[place];
      const through = length + cost(row, column) - rowPrice[row] - columnPrice[column];
      if (through < distance[column]) {
        distance[column] = through;
        parent[column] = row;
      }
      const gain = best < 0 ? 1 : distance[open[best]] - distance[column];
      if (gain > 0 || (gain === 0 && rowOf[column] < 0)) best = place;
    }
    const column = open[best];
    length = distance[column];
    open[best] = open.at(-1);
    open.pop();
    if (rowOf[column] < 0) end = column;
    else row = rowOf[column];
    reached.push(column);
  }
  rowPrice[start] += length;
  for (const column of reached) {
    if (rowOf[column] >= 0) rowPrice[rowOf[column]] += length - distance[column];
    columnPrice[column] -= length - distance[column];
  }
  for (let column = end, next; column >= 0; column = next) {
    const owner = parent[column];
    next = owner === start ? -1 : columnOf[owner];
    columnOf[owner] = column;
    rowOf[column] = owner;
  }
}

// ---------------------------------------------------------------- scores of labels

function matchedAccuracy(table, pairs) {
  const shared = pairs.map(([row, column]) => table.pixels[row * table.trueAreas.length + column]);
  return shared.reduce((sum, count) => sum + count, 0) / table.total;
}

function manyToOneAccuracy(table) {
  const most = new Float64Array(table.areas.length);
  eachPair(table, (row, _, shared) => (most[row] = Math.max(most[row], shared)));
  return most.reduce((sum, count) => sum + count, 0) / table.total;
}

/** IoU of each true label with the label it is paired with; one without partner counts 0. */
function meanIou(table, pairs) {
  const ious = pairs.map(([row, column]) => {
    const shared = table.pixels[row * table.trueAreas.length + column];
    return shared / (table.areas[row] + table.trueAreas[column] - shared);
  });
  return ious.reduce((sum, iou) => sum + iou, 0) / table.trueAreas.length;
}

// ---------------------------------------------------------------- scores of segments

/** Rand index, and the same corrected for chance. */
function scorePairs(table) {
  const pairs = (counts) => counts.reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  const together = pairs(table.pixels);
  const inLabels = pairs(Float64Array.from(table.areas));
  const inTruth = pairs(Float64Array.from(table.trueAreas));
  const everything = pairs([table.total]);
  const byChance = (inLabels * inTruth) / Math.max(everything, 1);
  const most = (inLabels + inTruth) / 2;
  const agreed = everything - inLabels - inTruth + 2 * together;
  return {
    rand_index: everything ? agreed / everything : 1,
    adjusted_rand_index: most === byChance ? 1 : (together - byChance) / (most - byChance),
  };
}

/** Variation of information with its parts, in bits, and normalised mutual information. */
function scoreInformation(table) {
  const entropy = (counts) => {
    let sum = 0;
    for (const count of counts) if (count) sum -= (count / table.total) * Math.log2(count / table.total);
    return sum;
  };
  const both = entropy(table.pixels);
  const mine = entropy(table.areas);
  const theirs = entropy(table.trueAreas);
  const over = Math.max(both - theirs, 0);
  const under = Math.max(both - mine, 0);
  const shared = (2 * (mine + theirs - both)) / (mine + theirs);
  return {
    variation_of_information: over + under,
    vi_over: over,
    vi_under: under,
    normalized_mutual_information: mine + theirs === 0 ? 1 : Math.max(shared, 0),
  };
}

/** Covering (Arbeláez 2011), mean best IoU of the true segments (Kim 2020), right segments at 0.5. */
function scoreRegions(table) {
  const best = new Float64Array(table.trueAreas.length);
  let right = 0; // of both maps: above one half a segment has one partner
  eachPair(table, (row, column, shared) => {
    const iou = shared / (table.areas[row] + table.trueAreas[column] - shared);
    best[column] = Math.max(best[column], iou);
    if (iou > 0.5) right++;
  });
  const covered = best.reduce((sum, iou, column) => sum + iou * table.trueAreas[column], 0);
  const [precision, recall] = [right / table.areas.length, right / table.trueAreas.length];
  const mean = best.reduce((sum, iou) => sum + iou, 0) / best.length;
  const f = harmonicMean(precision, recall);
  return { covering: covered / table.total, true_segment_iou: mean, precision, recall, f };
}

const harmonicMean = (one, other) => (one + other ? (2 * one * other) / (one + other) : 0);

// ---------------------------------------------------------------- boundaries

/** Precision, recall and F of boundary cells; partners lie at most one cell apart. */
function scoreBoundaries(labels, truth, width) {
  const drawn = findBoundaries(labels, width);
  const wanted = findBoundaries(truth, width);
  const count = (lines) => lines.reduce((sum, line) => sum + line, 0);
  const pairs = countPartners(wanted, drawn, width);
  const precision = count(drawn) ? pairs / count(drawn) : 1;
  const recall = count(wanted) ? pairs / count(wanted) : 1;
  return {
    boundary_precision: precision,
    boundary_recall: recall,
    boundary_f: harmonicMean(precision, recall),
  };
}

/** Largest number of one-to-one pairs of cells of two maps that are equal or share an edge. */
function countPartners(wanted, drawn, width) {
  const owner = new Int32Array(drawn.length).fill(-1);
  const places = [...wanted.keys()].filter((at) => wanted[at]);
  const near = (at) => [at, ...neighbors(at, width, drawn.length)].filter((cell) => drawn[cell]);
  const left = places.filter((at) => {
    const free = near(at).find((cell) => owner[cell] < 0);
    if (free !== undefined) owner[free] = at;
    return free === undefined;
  });
  // Cells of a search without success can be left out of all later ones: no path leads out.
  const closed = new Uint8Array(drawn.length);
  const found = left.filter((at) => findPartner(at, near, owner, closed));
  return places.length - left.length + found.length;
}

/** Find a free cell along alternating pairs, breadth first, and exchange the pairs on the way. */
function findPartner(start, near, owner, closed) {
  const queue = [start];
  const from = new Map(); // drawn cell → true cell that reached it
  const before = new Map([[start, -1]]); // true cell → the drawn cell it owns
  for (const at of queue) {
    for (const cell of near(at)) {
      if (closed[cell] || from.has(cell)) continue;
      from.set(cell, at);
      if (owner[cell] >= 0) {
        before.set(owner[cell], cell);
        queue.push(owner[cell]);
        continue;
      }
      for (let place = cell; place >= 0; ) {
        const taker = from.get(place);
        owner[place] = taker;
        place = before.get(taker);
      }
      return true;
    }
  }
  for (const cell of from.keys()) closed[cell] = 1;
  return false;
}

// ---------------------------------------------------------------- all of them

/**
 * Score a label map against a true one, as `seglib.scores.score_segmentation` does with one
 * annotator: accuracies and mean IoU see labels, the others 4-connected segments.
 */
function scoreMap(labels, truth, width) {
  const table = findOverlaps(labels, truth);
  const pairs = assignMost(table);
  const bySegment = findOverlaps(findSegments(labels, width), truth);
  return {
    num_labels: table.areas.length,
    num_segments: bySegment.areas.length,
    num_true: table.trueAreas.length,
    matched_accuracy: matchedAccuracy(table, pairs),
    many_to_one_accuracy: manyToOneAccuracy(table),
    mean_iou: meanIou(table, pairs),
    ...scorePairs(bySegment),
    ...scoreInformation(bySegment),
    ...scoreRegions(bySegment),
    ...scoreBoundaries(labels, truth, width),
  };
}
