// Where the system asks for less motion, Play shows the run as a film strip: six frames side by side, drawn by the same
// code as the map. Who wants to see it move all the same presses "Play anyway".
(() => {
  const lab = (window.potholeLab ??= {});
  const FRAMES = 6;
  const EDGE = 6; // px of air around a frame's picture

  lab.lessMotion = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  // One frame: the map's ground, the paths up to a step, the walkers there.
  function drawFrame(stack, { surface, entries, names, colours }, step) {
    const { layout, data } = surface.figures.map;
    const flat = surface.dimension === 1;
    const { range: across } = layout.xaxis;
    const { range: up } = layout.yaxis;
    const size = () => [stack.clientWidth - 2 * EDGE, stack.clientHeight - 2 * EDGE];
    const x = (value) => EDGE + ((value - across[0]) / (across[1] - across[0])) * size()[0];
    const y = (value) => EDGE + (1 - (value - up[0]) / (up[1] - up[0])) * size()[1];
    const view = new lab.PathView(stack, {
      ready: () => true,
      box: () => [EDGE, EDGE, ...size()],
      point: ({ positions, losses }) => (index, out) => {
        out[0] = x(positions[flat ? index : 2 * index]);
        out[1] = y(flat ? losses[index] : positions[2 * index + 1]);
      },
      probe: () => null,
      asDots: () => flat,
      underlay: (context) => {
        if (flat) drawCurve(context, lab.decode(data[0].x), lab.decode(data[0].y), x, y, colours);
        else context.drawImage(lab.mapPicture(data[0]), EDGE, EDGE, ...size());
      },
    });
    Object.assign(view, { entries: entries.map((entry) => ({ ...entry, probes: null })), visible: new Set(names), colours, step });
    view.rebuild();
  }

  function drawCurve(context, xs, ys, x, y, colours) {
    context.strokeStyle = colours.ink;
    context.lineWidth = lab.bold;
    context.setLineDash([]);
    context.beginPath();
    xs.forEach((value, index) => context[index ? "lineTo" : "moveTo"](x(value), y(ys[index])));
    context.stroke();
  }

  lab.FilmStrip = class {
    // frames: ready() → whether there is a run; draw(stack, step), caption(step) and words(step) make one frame.
    constructor(page, frames) {
      this.page = page;
      this.source = frames;
      this.anyway = false;
      this.frames = lab.make("div", { className: "frames" });
      this.place = lab.make("section", { className: "film-strip", "aria-label": "The run as a film strip", hidden: true });
      const text = "Your system asks for less motion, so the run is shown in frames.";
      const button = lab.make("button", { type: "button", className: "button", "data-action": "play-anyway", textContent: "Play anyway" });
      this.place.append(lab.make("div", { className: "strip-head" }, lab.make("p", { textContent: text }), button), this.frames);
      document.getElementById("player").after(this.place);
      page.player.holds.push(() => this.hold());
      page.actions.add({ "play-anyway": () => this.playAnyway() });
      document.addEventListener("pothole:veil", () => this.close());
      for (const event of ["pothole:painted", "pothole:restyled", "pothole:run"]) {
        document.addEventListener(event, () => !this.place.hidden && this.show());
      }
    }

    hold() {
      if (!lab.lessMotion() || this.anyway || !this.source.ready()) return false;
      this.show();
      this.page.player.seek(this.page.player.steps);
      return true;
    }

    playAnyway() {
      this.anyway = true;
      this.close();
      this.page.player.seek(0);
      this.page.player.play();
      document.getElementById("play-button").focus({ preventScroll: true });
    }

    close() {
      this.place.hidden = true;
      this.frames.replaceChildren();
    }

    show() {
      if (!this.source.ready()) {
        this.close();
        return;
      }
      this.place.hidden = false;
      const last = this.page.player.steps;
      const steps = Array.from({ length: FRAMES }, (_, k) => Math.round(last * (k / (FRAMES - 1)) ** 2)); // closer where most happens
      const stacks = steps.map(() => lab.make("div", { className: "strip-frame" }));
      this.frames.replaceChildren(
        ...steps.map((step, k) => {
          const figure = lab.make("figure", { "aria-label": this.source.words(step) });
          figure.append(stacks[k], lab.make("figcaption", { textContent: this.source.caption(step) }));
          return figure;
        }),
      );
      stacks.forEach((stack, k) => this.source.draw(stack, steps[k]));
    }
  };

  lab.addPart("toy", (page) => {
    const { pictures } = page;
    const names = () => pictures.visible ?? pictures.entries.map((entry) => entry.name);
    const losses = (step) =>
      pictures.entries
        .filter((entry) => names().includes(entry.name))
        .map((entry) => `${entry.name} ${lab.formatNumber(entry.losses[Math.min(step, entry.last)])}`);
    page.filmStrip = new lab.FilmStrip(page, {
      ready: () => Boolean(pictures.surface?.figures?.map),
      draw: (stack, step) =>
        drawFrame(stack, { surface: pictures.surface, entries: pictures.entries, names: names(), colours: pictures.map.paths.colours }, step),
      caption: (step) => `step ${step}`,
      words: (step) => `Map at step ${step}; losses: ${losses(step).join(", ")}.`,
    });
  });
})();
