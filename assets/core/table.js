// A table with one row per method, rebuilt from an answer's rows: columns are [title, text of a row].
(() => {
  const lab = (window.potholeLab ??= {});

  lab.showTable = (place, columns, rows, looks, paper) => {
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
      if (row.outcome) line.dataset.outcome = row.outcome;
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
