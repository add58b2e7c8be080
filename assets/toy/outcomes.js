// The table of outcomes.
(() => {
  const lab = (window.potholeLab ??= {});

  const pair = (first, second, format) =>
    first === null ? `– / ${format(second)}` : `${format(first)} / ${format(second)}`;
  const columns = [
    ["Method", (row) => row.method],
    ["Outcome", (row) => row.sentence],
    ["Steps to arrival", (row) => lab.formatCount(row.arrival)],
    ["Path length to arrival / in full", (row) => pair(row.length_to_arrival, row.length, lab.formatNumber)],
    ["Gradient evaluations to arrival / in full", (row) => pair(row.evaluations_to_arrival, row.evaluations, lab.formatCount)],
    ["Curvature products to arrival / in full", (row) => pair(row.products_to_arrival, row.products, lab.formatCount)],
  ];

  lab.showOutcomes = (place, rows, looks, paper) => lab.showTable(place, columns, rows, looks, paper);
})();
