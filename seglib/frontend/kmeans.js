// k-means on the windows of a picture: the numbers, without a page. What takes long is a
// generator that yields after a short stretch of work, so that a page can breathe between.

const BREATH = 128; // pixels between two yields
const MAX_ITERATIONS = 1000; // rounding could send a tie to and fro without end

/** Random numbers in 0..1 that repeat with the seed: xorshift, G. Marsaglia 2003. */
function createRandom(seed) {
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next(); // the first numbers of neighbouring seeds are alike
  return next;
}

/** Some of the indices 0..total-1, each as likely as the others, in their order; or all. */
function drawIndices(total, count, random) {
  const indices = Int32Array.from({ length: total }, (_, i) => i);
  if (count >= total) return indices;
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (total - i));
    [indices[i], indices[other]] = [indices[other], indices[i]];
  }
  return indices.subarray(0, count).sort();
}

/**
 * The window around each pixel as a row of values in 0..255: row by row, pixel by pixel, R, G, B.
 * Pixels beyond the border repeat the outermost ones.
 */
function* gatherWindows({ width, height, bytes }, side, indices) {
  const size = 3 * side * side;
  const values = new Float32Array(indices.length * size);
  const reach = (side - 1) / 2;
  let at = 0;
  for (let n = 0; n < indices.length; n++) {
    if (n % BREATH === 0) yield;
    const x = indices[n] % width;
    const y = (indices[n] - x) / width;
    for (let dy = -reach; dy <= reach; dy++) {
      const row = Math.min(Math.max(y + dy, 0), height - 1) * width;
      for (let dx = -reach; dx <= reach; dx++) {
        const from = 3 * (row + Math.min(Math.max(x + dx, 0), width - 1));
        for (let channel = 0; channel < 3; channel++) values[at++] = bytes[from + channel];
      }
    }
  }
  return { count: indices.length, size, row: 3 * side, values };
}

/** Squared distance of a point and a mean; Infinity as soon as it is known to exceed the limit. */
function squaredDistance({ values, size, row }, n, means, i, limit) {
  let x = n * size;
  let m = i * size;
  const end = x + size;
  let sum = 0;
  while (x < end) {
    for (const stop = x + row; x < stop; x += 3, m += 3) {
      const red = values[x] - means[m];
      const green = values[x + 1] - means[m + 1];
      const blue = values[x + 2] - means[m + 2];
      sum += red * red + green * green + blue * blue;
    }
    if (sum > limit) return Infinity;
  }
  return sum;
}

/** Index of the point at which the running sum of the weights passes the target. */
function pickByWeight(weights, target) {
  let sum = 0;
  let last = 0;
  for (let n = 0; n < weights.length; n++) {
    if (weights[n] === 0) continue;
    sum += weights[n];
    last = n;
    if (sum > target) break;
  }
  return last;
}

/**
 * Starting means by k-means++ (D. Arthur, S. Vassilvitskii 2007): each is a point, drawn with a
 * chance that grows with the squared distance to the nearest mean so far. Points with fewer
 * different values than k get fewer means.
 */
function* seedMeans(points, k, random) {
  const { count, size, values } = points;
  const means = new Float64Array(k * size);
  const nearest = new Float64Array(count).fill(Infinity);
  let point = Math.floor(random() * count);
  for (let i = 0; i < k; i++) {
    means.set(values.subarray(point * size, (point + 1) * size), i * size);
    let total = 0;
    for (let n = 0; n < count; n++) {
      if (n % BREATH === 0) yield;
      nearest[n] = Math.min(nearest[n], squaredDistance(points, n, means, i, nearest[n]));
      total += nearest[n];
    }
    if (total === 0) return means.slice(0, (i + 1) * size);
    point = pickByWeight(nearest, random() * total);
  }
  return means;
}

/** Squared half distances between the means, k × k. */
function halfGaps(means, k, size) {
  const gaps = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      let sum = 0;
      for (let d = 0; d < size; d++) sum += (means[i * size + d] - means[j * size + d]) ** 2;
      gaps[i * k + j] = sum / 4;
    }
  }
  return gaps;
}

/**
 * Give each point the label of its nearest mean, the smallest label on a tie.
 *
 * A mean that is more than twice as far from the point's mean as the point is cannot be nearer
 * (triangle inequality); most are skipped by this, and the labels stay those of a full search.
 */
function* assignLabels(points, run) {
  const { means, labels, distances, k } = run;
  const gaps = halfGaps(means, k, points.size);
  run.moved = 0;
  run.sum = 0;
  for (let n = 0; n < points.count; n++) {
    if (n % BREATH === 0) yield;
    const before = labels[n];
    let label = before;
    let best = squaredDistance(points, n, means, label, Infinity);
    for (let i = 0; i < k; i++) {
      if (i === before || gaps[label * k + i] > best) continue;
      const distance = squaredDistance(points, n, means, i, best);
      if (distance < best || (distance === best && i < label)) {
        best = distance;
        label = i;
      }
    }
    if (label !== before) run.moved++;
    labels[n] = label;
    distances[n] = best;
    run.sum += best;
  }
}

/** The farthest point from its mean in a cluster that can spare one, or -1 if none is off. */
function farthestPoint({ labels, distances }, counts) {
  let farthest = -1;
  for (let n = 0; n < labels.length; n++) {
    if (distances[n] === 0 || counts[labels[n]] < 2) continue;
    if (farthest < 0 || distances[n] > distances[farthest]) farthest = n;
  }
  return farthest;
}

/**
 * A cluster that has lost its points takes the point farthest from its mean, out of that point's
 * cluster, as in scikit-learn. Where no point is off its mean, the cluster stays empty.
 */
function fillEmpty({ values, size }, run, sums, counts) {
  for (let i = 0; i < run.k; i++) {
    if (counts[i] > 0) continue;
    const n = farthestPoint(run, counts);
    if (n < 0) return;
    const donor = run.labels[n];
    for (let d = 0; d < size; d++) {
      sums[i * size + d] = values[n * size + d];
      sums[donor * size + d] -= values[n * size + d];
    }
    counts[i] = 1;
    counts[donor]--;
    run.labels[n] = i;
    run.distances[n] = 0;
  }
}

/** Move each mean to the middle of its points. */
function* moveMeans(points, run) {
  const { values, size, count } = points;
  const sums = new Float64Array(run.means.length);
  const counts = new Float64Array(run.k);
  for (let n = 0; n < count; n++) {
    if (n % BREATH === 0) yield;
    const from = n * size;
    const to = run.labels[n] * size;
    for (let d = 0; d < size; d++) sums[to + d] += values[from + d];
    counts[run.labels[n]]++;
  }
  fillEmpty(points, run, sums, counts);
  for (let i = 0; i < run.k; i++) {
    if (counts[i] === 0) continue;
    for (let d = 0; d < size; d++) run.means[i * size + d] = sums[i * size + d] / counts[i];
  }
}

/** A run at its start: given means, and the label of each point. */
function* startFrom(points, means) {
  const run = {
    k: means.length / points.size,
    means: Float64Array.from(means),
    labels: new Uint8Array(points.count),
    distances: new Float64Array(points.count),
    iteration: 0,
    done: false,
  };
  yield* assignLabels(points, run);
  return run;
}

/** One iteration of S. P. Lloyd's algorithm: move the means, then assign; done if nothing moved. */
function* iterate(points, run) {
  yield* moveMeans(points, run);
  yield* assignLabels(points, run);
  run.iteration++;
  run.done = run.moved === 0 || run.iteration === MAX_ITERATIONS;
}

/** Sum of squares for each pixel and value, of values in 0..1: one scale for all windows. */
const meanSquare = (points, run) => run.sum / (points.count * points.size * 255 ** 2);

/** k-means with each number of clusters, from one seed; `tell` hears each mean square. */
function* traceSums(points, numbers, seed, tell) {
  for (const k of numbers) {
    const means = yield* seedMeans(points, k, createRandom(seed));
    const run = yield* startFrom(points, means);
    while (!run.done) yield* iterate(points, run);
    tell(k, meanSquare(points, run));
  }
}

/** How far each point of a curve lies below its chord, both axes scaled to 0..1. */
function belowChord(numbers, sums) {
  const fall = sums[0] - sums.at(-1);
  const span = numbers.at(-1) - numbers[0];
  return numbers.map((k, i) => 1 - (k - numbers[0]) / span - (sums[i] - sums.at(-1)) / fall);
}

/** The elbow rule of seglib.elbow.knee: where a falling curve lies farthest below its chord. */
function findKnee(numbers, sums) {
  if (sums[0] - sums.at(-1) <= 0) return numbers[0];
  const below = belowChord(numbers, sums);
  return numbers[below.indexOf(Math.max(...below))];
}

/** Number of segments: pieces of one label whose pixels touch at their sides. */
function countSegments({ width, height, values }) {
  const seen = new Uint8Array(values.length);
  const open = new Int32Array(values.length);
  let segments = 0;
  for (let first = 0; first < values.length; first++) {
    if (seen[first]) continue;
    segments++;
    seen[first] = 1;
    open[0] = first;
    for (let left = 1; left > 0; ) {
      const at = open[--left];
      const x = at % width;
      const visit = (next) => {
        if (seen[next] || values[next] !== values[at]) return;
        seen[next] = 1;
        open[left++] = next;
      };
      if (x > 0) visit(at - 1);
      if (x < width - 1) visit(at + 1);
      if (at >= width) visit(at - width);
      if (at < width * (height - 1)) visit(at + width);
    }
  }
  return segments;
}

/** Middle of the colours, and the two directions in which they spread most (power iteration). */
function principalPlane({ bytes }) {
  const count = bytes.length / 3;
  const middle = [0, 0, 0];
  bytes.forEach((value, at) => (middle[at % 3] += value / count));
  const spread = [0, 0, 0].map(() => [0, 0, 0]);
  for (let at = 0; at < bytes.length; at += 3) {
    const off = middle.map((mean, channel) => bytes[at + channel] - mean);
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) spread[i][j] += (off[i] * off[j]) / count;
  }
  const axes = [];
  for (const start of [[1, 0.618, 0.414], [0.732, -1, 0.236]]) { // in general position
    let axis = axes.reduce(removeDirection, start);
    for (let round = 0; round < 100; round++) {
      let next = spread.map((row) => row.reduce((sum, value, i) => sum + value * axis[i], 0));
      for (const other of axes) next = removeDirection(next, other);
      const length = Math.hypot(...next);
      if (length < 1e-9) break; // no spread: any direction will do
      axis = next.map((value) => value / length);
    }
    const length = Math.hypot(...axis);
    axes.push(axis.map((value) => value / length));
  }
  return { middle, axes };
}

function removeDirection(vector, direction) {
  const along = vector.reduce((sum, value, i) => sum + value * direction[i], 0);
  return vector.map((value, i) => value - along * direction[i]);
}

/** Coordinates of a colour in that plane. */
const project = ({ middle, axes }, color) =>
  axes.map((axis) => axis.reduce((sum, value, i) => sum + value * (color[i] - middle[i]), 0));
