// The toy lab: the state, the gate to the server, and who hears of what.
(() => {
  const lab = (window.potholeLab ??= {});
  const END = 3000; // "the last step", whatever the number of steps: the control's maximum
  const FIRST_TIMEOUT = 180000; // ms: the server may have to compile the simulation first
  const TIMEOUT = 10000;
  const LONG_WAIT = 2500; // ms until the page says what it waits for
  const by = (id) => document.getElementById(id);

  class ToyLab {
    constructor(tables) {
      this.tables = tables;
      this.followers = []; // functions (step) of parts that follow the player
      this.state = new lab.State();
      this.schema = new lab.Schema(tables.controls);
      this.widgets = new lab.Widgets(this.state);
      this.widgets.build(by("surface-choice"), this.schema.group("surface"));
      for (const name of ["walk", "preconditioner", "lens", "own"]) this.widgets.build(by(`${name}-controls`), this.schema.group(name));
      this.player = new lab.Player({
        onStep: (step) => this.showStep(step),
        onPlaying: (playing) => {
          this.bar.showPlaying(playing);
          if (!playing) this.keepStep();
        },
      });
      this.bar = new lab.PlayerBar(this.player, (speed) => this.state.set({ speed }, "user"));
      this.pictures = new lab.Pictures({
        onStart: (place) => this.moveStart(place),
        onSeek: (step) => {
          this.player.pause();
          this.player.seek(step);
        },
        onCamera: ([x, y, z]) => {
          const round = (value) => Math.round(value * 1000) / 1000;
          this.state.set({ camera_x: round(x), camera_y: round(y), camera_z: round(z) }, "user");
        },
      });
      this.claims = new lab.Claims(by("claims-section"), by("claims"));
      this.gate = new lab.LatestWinsGate((state, signal) => lab.postJson("/toy/compute", state, signal), {
        timeout: FIRST_TIMEOUT,
        onAnswer: (answer, asked) => this.answered(answer, asked),
        onFailure: (error, _, newer) => this.failed(error, newer),
      });
      lab.buildLegend(by("legend"), tables.methods, tables.looks, (name) => this.toggleMethod(name));
      lab.listenToKeys(this.player);
      this.looks = tables.looks;
      this.state.listen((changed, source) => this.changed(changed, source));
      this.actions = new lab.Actions({
        ...lab.playerActions(this.player, (on) => this.state.set({ loop: on ? "on" : "off" }, "user")),
        ...lab.headerActions(this.state),
        preset: (preset) => {
          this.open({ state: { ...this.schema.kept(this.state.values), preset } });
        },
      });
      window.addEventListener("popstate", () => this.open({ query: location.search }));
      const slow = ["Waiting for the first paths. A new installation compiles the simulation first, for up to half a minute."];
      this.waiting = setTimeout(() => lab.notices("first", slow), LONG_WAIT);
      lab.startParts("toy", this);
      this.open({ query: location.search });
    }

    // Take over the state that a link, a preset or another surface stands for.
    async open(wish) {
      const ticket = (this.opening = Symbol("open"));
      try {
        const { state, notices } = await lab.postJson("/toy/open", wish);
        if (ticket !== this.opening) return; // something else was wanted meanwhile
        lab.notices("link", notices);
        this.state.replace(state, "open");
        this.opens = (this.opens ?? 0) + 1;
      } catch (error) {
        lab.notices("request", error.problems ?? ["The server does not answer. Reload the page when it runs again."], "error");
      }
    }

    changed(changed, source) {
      const { values } = this.state;
      lab.showLink(values);
      // What was clamped is said until something else is wanted.
      if (source !== "server" && source !== "player") lab.notices("clamped", []);
      if (changed.has("scheme")) this.applyScheme(values.scheme);
      if (changed.has("speed")) {
        this.player.speed = values.speed;
        this.bar.showSpeed(values.speed);
      }
      if (changed.has("loop")) {
        this.player.loop = values.loop === "on";
        this.bar.showLoop(this.player.loop);
      }
      if (changed.has("surface") && source === "choice") {
        this.open({ state: { ...this.schema.kept(values), surface: values.surface, preset: "custom" } });
        return;
      }
      if (source === "open") this.opened(changed);
      if (changed.has("methods")) {
        lab.updateLegend(by("legend"), values.methods, this.looks, this.paper);
        this.pictures.setVisible(values.methods);
      }
      if ([...changed].some((name) => !this.schema.isViewOnly(name))) this.gate.ask(this.request());
    }

    opened(changed) {
      const { values } = this.state;
      if (this.formOf !== values.surface) {
        this.formOf = values.surface;
        const { description, controls } = this.tables.surfaces[values.surface];
        by("surface-choice").dataset.description = description;
        this.widgets.build(by("surface-controls"), controls);
      }
      this.wantedStep = values.step;
      this.turned = true;
      const { caption } = this.tables.presets[values.preset] ?? { caption: "Your own settings." };
      by("caption").textContent = caption;
      for (const button of document.querySelectorAll("[data-action=preset]")) {
        button.setAttribute("aria-pressed", String(button.dataset.value === values.preset));
      }
    }

    request() {
      const state = Object.entries(this.state.values).filter(([name]) => !this.schema.isViewOnly(name));
      return { ...Object.fromEntries(state), have: this.surfaceKey ?? null };
    }

    answered({ surface, paths, notices, left_out: leftOut }, asked) {
      this.lastRequest = asked;
      this.gate.timeout = TIMEOUT;
      clearTimeout(this.waiting);
      lab.notices("first", []);
      lab.notices("request", leftOut ?? []);
      if (notices.length) {
        lab.notices("clamped", notices.map((notice) => notice.sentence));
        this.state.set(Object.fromEntries(notices.map(({ name, value }) => [name, value])), "server");
      }
      this.player.setSteps(paths.steps);
      if (surface) this.showSurface(surface);
      else if (this.turned) this.pictures.turn(this.eye);
      this.turned = false;
      if (this.wantedStep !== undefined) {
        this.player.step = Math.min(this.wantedStep, paths.steps);
        this.wantedStep = undefined;
      }
      this.pictures.step = this.player.step;
      this.pictures.map.paths.step = this.pictures.relief.paths.step = this.player.step;
      for (const chart of this.pictures.all) chart.step = this.player.step;
      this.pictures.setPaths(paths, this.looks);
      this.bar.showStep(this.player.step);
      lab.showOutcomes(by("outcomes"), paths.methods.map((method) => method.row), this.looks, this.paper);
      this.speak(paths.summary);
      this.claims.ask(this.request());
      document.dispatchEvent(new CustomEvent("pothole:painted", { detail: paths }));
    }

    failed(error, newer) {
      const problems = error instanceof lab.Refused ? error.problems : ["The server does not answer; asking again…"];
      lab.notices("request", problems, "error");
      const again = !(error instanceof lab.Refused) || error.status === 429;
      if (again && !newer) setTimeout(() => this.gate.idle && this.gate.ask(this.request()), 1000);
    }

    showSurface(surface) {
      this.surfaceKey = surface.key;
      this.surface = surface;
      by("map-title").textContent = surface.dimension === 1 ? "Loss" : "Map";
      by("relief-title").textContent = surface.dimension === 1 ? "Position against step" : "Surface";
      by("distance-unit").textContent = `to ${surface.reference}`;
      by("relief-hint").textContent = surface.dimension === 1 ? "" : "Drag to turn, scroll to zoom";
      if (surface.figures.relief) surface.figures.relief.layout.scene.camera.eye = this.eye;
      this.pictures.setSurface(surface);
    }

    get eye() {
      const { camera_x: x, camera_y: y, camera_z: z } = this.state.values;
      return { x, y, z };
    }

    speak(summary) {
      clearTimeout(this.speaking);
      this.speaking = setTimeout(() => {
        by("spoken").textContent = this.veiled ? "" : summary; // a prediction must not be given away
      }, 1200);
    }

    showStep(step) {
      this.pictures.setStep(step);
      this.bar.showStep(step);
      for (const follow of this.followers) follow(step);
      if (!this.player.playing) this.keepStep();
    }

    keepStep() {
      const { step, steps } = this.player;
      this.state.set({ step: step >= steps ? END : step }, "player");
    }

    moveStart(place) {
      const clamped = this.surface.domain.map(([low, high], axis) => Math.min(Math.max(place[axis], low), high));
      const [x, y] = clamped.map((value) => Math.round(value * 1e4) / 1e4);
      this.state.set(clamped.length === 1 ? { start_x: x } : { start_x: x, start_y: y }, "user");
    }

    toggleMethod(name) {
      const { methods } = this.state.values;
      const shown = this.tables.methods.filter((one) => methods.includes(one) !== (one === name));
      this.state.set({ methods: shown }, "user");
    }

    applyScheme(scheme) {
      const { colours, looks } = lab.showScheme(scheme, this.tables.looks);
      this.looks = looks;
      this.paper = colours.paper;
      this.pictures.setLooks(looks);
      this.pictures.setColours(colours);
      lab.updateLegend(by("legend"), this.state.values.methods, looks, this.paper);
    }
  }

  lab.addPage("toy", ToyLab);
})();
