// The numbers beside the pictures: positions and what the charts show, per method, at some of the steps.
(() => {
  const lab = (window.potholeLab ??= {});
  const PARTS = 10; // steps that are listed, besides the first, the one shown and the arrival
  const CHARTS = ["losses", "distance", "curvature"];

  const titleOf = (key) => document.getElementById(`${key}-chart`)?.closest("figure")?.querySelector("figcaption span")?.textContent ?? key;

  class DataTable {
    constructor(page) {
      this.page = page;
      this.tables = lab.make("div", { className: "data-tables" });
      this.details = lab.make("details", { className: "data-table", id: "data-table" });
      this.details.append(lab.make("summary", { textContent: "Values at sampled steps" }), this.tables);
      document.getElementById("outcomes").closest("section").after(this.details);
      this.details.addEventListener("toggle", () => this.show());
      document.addEventListener("pothole:painted", ({ detail }) => {
        this.rows = detail.methods?.map((method) => method.row) ?? [];
        this.show();
      });
      page.state.listen((changed) => changed.has("methods") && this.show());
      page.actions.add({ "data-table": () => this.toggle() });
      const what = "open or close the table of values";
      lab.keys.add([{ keys: ["t", "T"], shown: "T", what, group: "The page", run: () => this.toggle() }]);
    }

    toggle() {
      this.details.open = !this.details.open;
      if (!this.details.open) return;
      this.details.scrollIntoView({ block: "nearest" });
      this.details.firstChild.focus();
    }

    steps(entry) {
      const { steps } = this.page.player;
      const arrival = this.rows?.find((row) => row?.method === entry.name)?.arrival;
      const wanted = Array.from({ length: PARTS + 1 }, (_, k) => Math.round((k * steps) / PARTS));
      const all = [...wanted, ...(arrival === null || arrival === undefined ? [] : [arrival]), entry.last];
      return [...new Set(all)].filter((step) => step <= entry.last).sort((a, b) => a - b);
    }

    show() {
      const { surface, entries, visible } = this.page.pictures;
      if (!this.details.open || !surface || this.page.veiled) return;
      const axes = surface.dimension === 1 ? ["xaxis"] : ["xaxis", "yaxis"];
      const names = axes.map((axis, k) => surface.figures?.map?.layout[axis]?.title?.text || `coordinate ${k + 1}`);
      const heads = ["Step", ...names, ...CHARTS.map(titleOf)];
      const tables = entries
        .filter((entry) => !visible || visible.includes(entry.name))
        .map((entry) => {
          const row = (step) => [
            lab.formatCount(step),
            ...axes.map((_, k) => lab.formatNumber(entry.positions[axes.length * step + k], 4)),
            ...CHARTS.map((key) => lab.formatNumber(entry[key]?.[step], 4)),
          ];
          return lab.make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": `Values of ${entry.name}` }, lab.plainTable(entry.name, heads, this.steps(entry).map(row)));
        });
      this.tables.replaceChildren(...tables);
    }
  }

  for (const key of ["toy", "network"]) {
    lab.addPart(key, (page) => {
      if (page.player && page.pictures && document.getElementById("outcomes")) page.dataTable = new DataTable(page);
    });
  }
})();
