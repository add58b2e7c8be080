// The table of training runs.
(() => {
  const lab = (window.potholeLab ??= {});
  const percent = (value) => `${(100 * value).toFixed(value < 0.1 ? 2 : 1)} %`;
  const columns = [
    ["Method", (row) => row.method],
    ["Training loss", (row) => lab.formatNumber(row.loss)],
    ["Drawn height there", (row) => lab.formatNumber(row.drawn)],
    ["Test accuracy", (row) => percent(row.accuracy)],
    ["Movement in the plane", (row) => percent(row.captured)],
    ["Distance off the plane", (row) => lab.formatNumber(row.off)],
    ["Gradient evaluations", (row) => lab.formatCount(row.evaluations)],
    ["Curvature products", (row) => lab.formatCount(row.products)],
  ];

  lab.showRuns = (place, rows, looks, paper) => lab.showTable(place, columns, rows, looks, paper);
})();
