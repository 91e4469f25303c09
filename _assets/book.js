// Lets the keyboard reach what scrolls sideways: formulas, tables and outputs wider than the page.
(() => {
  const wide = ".bd-article :is(mjx-container, div.math, pre, .output, .seg-chart, .pst-scrollable-table-container)";

  function mark() {
    for (const el of document.querySelectorAll(wide)) {
      const scrolls = el.scrollWidth > el.clientWidth && getComputedStyle(el).overflowX !== "visible";
      if (scrolls) el.tabIndex = 0;
      else el.removeAttribute("tabindex");
    }
  }

  window.addEventListener("load", () => {
    mark();
    window.MathJax?.startup?.promise?.then(mark);
    window.addEventListener("resize", mark);
  });
})();
