// SegmentLab's table of scores: what each is called, what it rewards, how it has changed.

// Key of `scoreMap`, name, what it rewards. Groups say what a score looks at.
const SCORES = [
  ["Of labels", [
    ["matched_accuracy", "Accuracy, one to one",
      "Cells that are right when each label has one true label as its partner. What is split off is wrong."],
    ["many_to_one_accuracy", "Accuracy, many to one",
      "Cells that are right when each label stands for the true label it meets most. Splitting costs nothing."],
    ["mean_iou", "Mean IoU",
      "Intersection over union of each true label with its partner, averaged. Small regions weigh as much as large ones."],
  ]],
  ["Of segments", [
    ["adjusted_rand_index", "Adjusted Rand index",
      "Pairs of cells on which the maps agree, corrected for chance: 0 is what chance gives."],
    ["rand_index", "Rand index",
      "Pairs of cells on which the maps agree. In a truth of many segments most pairs lie apart, so splitting too much costs little."],
    ["normalized_mutual_information", "NMI",
      "Information that the maps share, over the mean of their entropies. Not corrected for chance: many segments score above 0."],
    ["variation_of_information", "Variation of information",
      "Bits by which the maps differ; 0 is best. It is the sum of two parts, by splits and by merges."],
    ["vi_over", "… by splits", "Bits that the segments add within true segments: too many segments."],
    ["vi_under", "… by merges", "Bits of the truth that the segments do not tell: too few segments."],
    ["covering", "Covering of the truth",
      "Best intersection over union of each true segment, weighted by its area. Small ones hardly count."],
    ["true_segment_iou", "mIoU, Kim 2020",
      "Best intersection over union of each true segment, averaged. Small ones weigh as much as large ones, and stray segments cost nothing."],
  ]],
  ["Of right segments, Kanezaki 2018", [
    ["precision", "Precision at IoU 0.5",
      "Share of the segments whose IoU with a true segment exceeds one half. Each stray segment costs."],
    ["recall", "Recall at IoU 0.5", "Share of the true segments met by such a segment."],
    ["f", "F at IoU 0.5", "Harmonic mean of the two."],
  ]],
  ["Of boundaries", [
    ["boundary_f", "Boundary F",
      "Boundary cells with a partner of their own at most one cell away. A gap in a line hardly shows, though two segments run together there."],
  ]],
];
const IN_BITS = new Set(["variation_of_information", "vi_over", "vi_under"]);
const PARTS = new Set(["vi_over", "vi_under"]);

const BARS =
  "A full bar is the best value. An empty one is 0 or less, and for the variation of information and its parts " +
  "the largest value there is, the binary logarithm of the number of cells. The mark on a bar is the value before.";

// ---------------------------------------------------------------- table

const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

function createTable(lab) {
  const head = ["Score", "Value", "Change"].map((name) => make("th", { scope: "col" }, name));
  const table = make("table", { class: "seg-lab-table" },
    make("caption", { class: "seg-heard" }, "Scores of your segments"),
    make("colgroup", {}, ...["name", "reading", "change"].map((part) => make("col", { class: `seg-lab-col-${part}` }))),
    make("thead", {}, make("tr", {}, ...head)));
  const counts = [["num_segments", "Segments"], ["num_labels", "Labels"]].map(([key, name]) => createRow(key, name));
  const groups = SCORES.map(([name, scores]) => [name, scores.map(([key, words]) => createRow(key, words))]);
  table.append(make("tbody", { class: "seg-lab-counts" }, ...counts.map(({ row }) => row)));
  for (const [name, rows] of groups) {
    const title = make("tr", {}, make("th", { scope: "rowgroup", colspan: 3 }, name));
    table.append(make("tbody", {}, title, ...rows.map(({ row }) => row)));
  }
  const worst = Math.log2(lab.values.length); // of the variation of information, in bits
  const show = () => {
    for (const { showCount } of counts) showCount(lab);
    for (const { showScore } of groups.flatMap(([, rows]) => rows)) showScore(lab, worst);
  };
  return { table, show };
}

function createRow(key, name) {
  const bar = make("span", { class: "seg-lab-bar", "aria-hidden": "true" });
  const value = make("span", { class: "seg-lab-value" }); // an output would be read aloud each time
  const truth = make("span", { class: "seg-lab-true" });
  const change = make("td", { class: "seg-lab-change" });
  const isCount = key.startsWith("num_");
  const row = make("tr", { "data-score": key, class: PARTS.has(key) ? "seg-lab-part" : "" },
    make("th", { scope: "row" }, name, ...(IN_BITS.has(key) && !PARTS.has(key) ? [", bits"] : [])),
    make("td", {}, make("div", { class: "seg-lab-reading" }, isCount ? truth : bar, value)), change);
  const showChange = (arrow, text, words) => {
    change.dataset.way = words.split(" ")[0];
    change.replaceChildren(...(words
      ? [make("span", { "aria-hidden": "true" }, arrow, text), make("span", { class: "seg-heard" }, words)]
      : []));
  };
  const showCount = ({ scores, before }) => {
    value.textContent = scores[key];
    truth.textContent = `true ${scores.num_true}`;
    const more = before ? scores[key] - before[key] : 0;
    showChange("", signed(more, 0), more ? `${Math.abs(more)} ${more > 0 ? "more" : "fewer"}` : "");
  };
  const showScore = ({ scores, before }, worst) => {
    const share = (score) => Math.min(Math.max(IN_BITS.has(key) ? 1 - score / worst : score, 0), 1);
    const was = before ? before[key] : scores[key];
    value.textContent = scores[key].toFixed(3).replace(/^-(?=.*[1-9])/, "−").replace("-", "");
    value.dataset.value = scores[key];
    bar.style.setProperty("--seg-fill", String(share(scores[key])));
    bar.style.setProperty("--seg-was", String(share(was)));
    const more = Number((scores[key] - was).toFixed(3));
    const better = more > 0 !== IN_BITS.has(key);
    const words = `${better ? "better" : "worse"} by ${Math.abs(more).toFixed(3)}`;
    showChange(better ? "▲ " : "▼ ", signed(more, 3), more ? words : "");
    bar.toggleAttribute("data-moved", more !== 0);
  };
  return { row, showCount, showScore };
}

function createHelp() {
  const entries = SCORES.flatMap(([, scores]) => scores).map(([key, name, words]) =>
    make("div", {}, make("dt", {}, PARTS.has(key) ? name.replace("…", "Variation") : name), make("dd", {}, words)));
  return make("details", { class: "seg-lab-help" },
    make("summary", {}, "What each score rewards"), make("p", { class: "seg-note" }, BARS), make("dl", {}, ...entries));
}
