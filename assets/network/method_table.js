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
      const row = curves.rows[index];
      const measured = lab.MEASURED.map((key) => {
        const { x, y } = curves.line(method, key, "steps");
        return [key, y[lab.lastAtMost(x, row.position)]];
      });
      return { method, ...row.methods[method], ...Object.fromEntries(measured) };
    });

  lab.showMethods = (place, rows, looks, paper) => lab.showTable(place, columns, rows, looks, paper);
})();
