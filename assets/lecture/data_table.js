// The numbers beside the pictures: a table for each method, at some of the steps, behind a summary that opens it.
(() => {
  const lab = (window.potholeLab ??= {});
  const PARTS = 10; // steps that are listed, besides the first, the one shown and the arrival
  const CHARTS = ["losses", "distance", "curvature"];

  // About PARTS places of a list, evenly, with its first and its last.
  lab.sampledPlaces = (last) => [...new Set(Array.from({ length: PARTS + 1 }, (_, k) => Math.round((k * last) / PARTS)))];

  lab.DataTable = class {
    // after: the element it stands below; tables() → [{ name, heads, rows }], or null while there is nothing to tell.
    constructor(page, after, tables) {
      this.read = tables;
      this.tables = lab.make("div", { className: "data-tables" });
      this.details = lab.make("details", { className: "data-table", id: "data-table" });
      this.details.append(lab.make("summary", { textContent: "Values at sampled steps" }), this.tables);
      after.after(this.details);
      this.details.addEventListener("toggle", () => this.show());
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

    show() {
      const told = this.details.open ? this.read() : null;
      if (!told) return;
      const boxes = [...this.tables.children];
      const box = (name, k) => {
        if (boxes[k]?.dataset.name === name) return boxes[k]; // kept, so that a focus and a scroll in it stay
        const made = lab.make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": `Values of ${name}` });
        made.dataset.name = name;
        return made;
      };
      const filled = told.map(({ name, heads, rows }, k) => {
        const place = box(name, k);
        place.replaceChildren(lab.plainTable(name, heads, rows));
        return place;
      });
      if (filled.length !== boxes.length || filled.some((place, k) => place !== boxes[k])) this.tables.replaceChildren(...filled);
    }
  };

  const titleOf = (key) => document.getElementById(`${key}-chart`)?.closest("figure")?.querySelector("figcaption span")?.textContent ?? key;

  lab.addPart("toy", (page) => {
    let outcomes = [];
    const steps = (entry) => {
      const arrival = outcomes.find((row) => row?.method === entry.name)?.arrival;
      const all = [...lab.sampledPlaces(page.player.steps), ...(arrival === null || arrival === undefined ? [] : [arrival]), entry.last];
      return [...new Set(all)].filter((step) => step <= entry.last).sort((a, b) => a - b);
    };
    const tables = () => {
      const { surface, entries, visible } = page.pictures;
      if (!surface || page.veiled) return null;
      const axes = surface.dimension === 1 ? ["xaxis"] : ["xaxis", "yaxis"];
      const names = axes.map((axis, k) => surface.figures?.map?.layout[axis]?.title?.text || `coordinate ${k + 1}`);
      const heads = ["Step", ...names, ...CHARTS.map(titleOf)];
      const row = (entry, step) => [
        lab.formatCount(step),
        ...axes.map((_, k) => lab.formatNumber(entry.positions[axes.length * step + k], 4)),
        ...CHARTS.map((key) => lab.formatNumber(entry[key]?.[step], 4)),
      ];
      const shown = entries.filter((entry) => !visible || visible.includes(entry.name));
      return shown.map((entry) => ({ name: entry.name, heads, rows: steps(entry).map((step) => row(entry, step)) }));
    };
    page.dataTable = new lab.DataTable(page, document.getElementById("outcomes").closest("section"), tables);
    document.addEventListener("pothole:painted", ({ detail }) => {
      outcomes = detail.methods?.map((method) => method.row) ?? [];
      page.dataTable.show();
    });
  });
})();
