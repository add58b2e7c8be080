// The pictures of a slice: plotly's map and relief (or a line's curve) with the projected paths on canvases over them.
(() => {
  const lab = (window.potholeLab ??= {});
  const by = (id) => document.getElementById(id);
  const FLOOR = 1e-12; // as the server draws a logarithm

  lab.SlicePictures = class {
    constructor() {
      const [flat, relief] = [by("slice-map-stack"), by("slice-relief-stack")];
      this.map = new lab.MapView("slice-map-graph", flat, { onStart: () => {} });
      this.relief = new lab.ReliefView("slice-relief-graph", relief, { onCamera: () => {} });
      // Nothing is moved by hand here: the map is a picture.
      const { canvas } = this.map.paths.live;
      canvas.classList.remove("pad");
      canvas.tabIndex = -1;
      canvas.setAttribute("role", "presentation");
      canvas.removeAttribute("aria-label");
      for (const stack of [flat, relief]) stack.setAttribute("role", "img");
      this.step = 0;
      this.entries = [];
      lab.followPlot(this.map, () => this.map.paths.rebuild());
      lab.followPlot(this.relief, () => this.#rebuildRelief());
      lab.followCamera(relief, {
        moved: () => {
          if (!this.hasRelief || !this.relief.moved()) return false;
          this.relief.paths.rebuild();
          return true;
        },
        rested: () => {},
      });
      new ResizeObserver(() => requestAnimationFrame(() => this.redraw())).observe(flat);
    }

    // What a new slice starts from: no paths of the one before.
    clear() {
      this.#setEntries([]);
    }

    // figures: { map, relief or null, domain, heights } as the server makes them.
    setFigures(figures) {
      const flat = figures.relief === null;
      this.hasRelief = !flat;
      this.map.dimension = flat ? 1 : 2;
      by("slice-relief-picture").hidden = flat;
      by("slice-pictures").classList.toggle("single", flat);
      this.relief.setRelief(figures.heights ?? null, figures.domain);
      this.map.forgetRanges();
      dash_clientside.set_props("slice-map-graph", { figure: figures.map });
      if (!flat) dash_clientside.set_props("slice-relief-graph", { figure: figures.relief });
      this.drawn = (this.drawn ?? 0) + 1;
    }

    // paths: { name: coordinates (T·axes) }; honesty: { name: { drawn } } or null while it is not known; scale of heights.
    setPaths(paths, honesty, axes, scale, looks) {
      const height = (loss) => (scale === "log" ? Math.log10(Math.max(loss, FLOOR)) : loss);
      this.#setEntries(
        Object.entries(paths).map(([name, positions]) => {
          const heights = honesty ? honesty[name].drawn.map(height) : null;
          const last = positions.length / axes - 1;
          return { name, look: looks[name], last, positions, probes: null, losses: heights, heights, probeLosses: null, probeCount: 0 };
        }),
      );
    }

    setLooks(looks, colours) {
      for (const entry of this.entries) entry.look = looks[entry.name];
      this.map.paths.colours = this.relief.paths.colours = colours;
      this.redraw();
    }

    setStep(step) {
      this.step = step;
      this.map.paths.setStep(step);
      if (this.hasRelief) this.relief.paths.setStep(step);
    }

    redraw() {
      this.map.paths.rebuild();
      this.#rebuildRelief();
    }

    #setEntries(entries) {
      this.entries = entries;
      // Heights come a moment after the coordinates: until then a curve or a relief has no paths.
      const raised = entries.filter((entry) => entry.heights);
      this.map.paths.entries = this.map.dimension === 1 ? raised : entries;
      this.relief.paths.entries = raised;
      this.map.paths.step = this.relief.paths.step = this.step;
      this.redraw();
    }

    #rebuildRelief() {
      if (!this.hasRelief) return;
      this.relief.moved();
      this.relief.paths.rebuild();
    }
  };
})();
