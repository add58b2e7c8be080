// The table of methods as they are at the step shown.
(() => {
  const lab = (window.potholeLab ??= {});
  const percent = (value) => (Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : "–");
  const columns = [
    ["Method", (row) => row.method],
    ["Training loss", (row) => lab.formatNumber(row.train_loss)],
    ["Test loss", (row) => lab.formatNumber(row.test_loss)],
    ["Training accuracy", (row) => percent(row.train_accuracy)],
    ["Test accuracy", (row) => percent(row.test_accuracy)],
    ["Off the picture's plane", (row) => lab.formatNumber(row.off)],
    ["Gradient evaluations", (row) => lab.formatCount(row.evaluations)],
    ["Curvature products", (row) => lab.formatCount(row.products)],
    ["Seconds", (row) => lab.formatNumber(row.seconds)],
    ["", (row) => (row.stopped ? "stopped: not a number" : "")],
  ];

  // Values of the row at an index; what is measured now and then is the newest measurement up to there.
  lab.methodRows = (curves, index) =>
    curves.methods.map((method) => {
      const found = { method };
      for (let at = index; at >= 0; at -= 1) {
        const values = curves.rows[at].methods[method] ?? {};
        for (const [key, value] of Object.entries(values)) if (!(key in found) && value !== null) found[key] = value;
        if (at === index && !values.stopped) found.stopped = false;
        if ("train_loss" in found || index - at > 400) break;
      }
      return found;
    });

  lab.showMethods = (place, rows, looks, paper) => lab.showTable(place, columns, rows, looks, paper);
})();
