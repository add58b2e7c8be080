// The table of outcomes, rebuilt from the answer's rows.
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

  lab.showOutcomes = (place, rows, looks, paper) => {
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const [title] of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = title;
      head.append(cell);
    }
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      line.dataset.method = row.method;
      line.dataset.outcome = row.outcome;
      columns.forEach(([title, text], index) => {
        const cell = index ? line.insertCell() : line.appendChild(document.createElement("th"));
        cell.dataset.column = title;
        if (index) {
          cell.textContent = text(row);
          return;
        }
        cell.scope = "row";
        const swatch = document.createElement("canvas");
        swatch.setAttribute("aria-hidden", "true");
        lab.drawSwatch(swatch, looks[row.method], paper);
        cell.append(swatch, row.method);
      });
    }
    place.replaceChildren(table);
  };
})();
