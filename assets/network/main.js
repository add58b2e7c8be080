// The network page: the state, the training request, and the toy lab's pictures and player for its answer.
(() => {
  const lab = (window.potholeLab ??= {});
  const by = (id) => document.getElementById(id);
  const TIMEOUT = 180000; // ms; a long training on a busy machine
  const LONG_WAIT = 1500; // ms until the page says what it waits for
  const WAIT = "The four methods train here and now, on this computer; the picture follows when they are done.";

  // What the address says of these controls; the server checks it as it checks everything.
  function fromLink(controls) {
    const asked = new URLSearchParams(location.search);
    const known = controls.filter(({ name }) => asked.has(name));
    return Object.fromEntries(
      known.map(({ name, kind }) => {
        const text = asked.get(name);
        const number = Number(text);
        return [name, kind === "choice" || text.trim() === "" || Number.isNaN(number) ? text : number];
      }),
    );
  }

  class NetworkLab {
    constructor(tables) {
      this.tables = tables;
      this.looks = tables.looks;
      this.state = new lab.State();
      this.widgets = new lab.Widgets(this.state);
      for (const group of ["train", "preconditioner", "slice"]) {
        this.widgets.build(by(`${group}-controls`), tables.controls.filter((control) => control.group === group));
      }
      this.player = new lab.Player({
        onStep: (step) => {
          this.pictures.setStep(step);
          this.bar.showStep(step);
        },
        onPlaying: (playing) => this.bar.showPlaying(playing),
      });
      this.bar = new lab.PlayerBar(this.player, (speed) => this.setSpeed(speed));
      this.pictures = new lab.Pictures({
        onStart: () => {},
        onSeek: (step) => {
          this.player.pause();
          this.player.seek(step);
        },
        onCamera: () => {},
      });
      this.visible = [...tables.methods];
      this.gate = new lab.LatestWinsGate((state, signal) => lab.postJson("/network/train", state, signal), {
        timeout: TIMEOUT,
        onAnswer: (answer) => this.answered(answer),
        onFailure: (error) => this.failed(error),
      });
      lab.buildLegend(by("legend"), tables.methods, tables.looks, (name) => this.toggleMethod(name));
      lab.listenToKeys(this.player);
      this.state.listen((changed, source) => this.changed(changed, source));
      this.actions = new lab.Actions({
        ...lab.playerActions(this.player, (on) => {
          this.player.loop = on;
          this.bar.showLoop(on);
        }),
        ...lab.headerActions(this.state),
        train: () => this.train(),
      });
      lab.startParts("network", this);
      this.setSpeed(60);
      this.state.replace({ ...tables.defaults, ...fromLink(tables.controls) }, "open");
    }

    setSpeed(speed) {
      this.player.speed = speed;
      this.bar.showSpeed(speed);
    }

    changed(changed, source) {
      lab.showLink(this.state.values);
      if (changed.has("scheme")) this.applyScheme(this.state.values.scheme);
      // What is drawn follows the slice at once; another training waits for the button.
      const slice = ["plane", "plane_seed", "span", "scheme"].some((name) => changed.has(name));
      if (source === "open" || slice) this.train();
      else this.stale(true);
    }

    train() {
      this.stale(false);
      by("train-button").textContent = "Training";
      by("train-button").disabled = true;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => lab.notices("first", [WAIT]), LONG_WAIT);
      this.gate.ask({ ...this.state.values });
    }

    stale(is) {
      by("train-button").classList.toggle("wanted", is);
    }

    answered({ surface, paths, rows, notices, what }) {
      this.ready();
      lab.notices("request", []);
      lab.notices("clamped", notices);
      this.player.setSteps(paths.steps);
      this.pictures.setSurface(surface);
      this.pictures.setPaths(paths, this.looks);
      this.pictures.setVisible(this.visible);
      this.player.seek(paths.steps);
      this.rows = rows;
      lab.showRuns(by("outcomes"), rows, this.looks, this.paper);
      by("map-hint").textContent = what;
      by("spoken").textContent = paths.summary;
      document.dispatchEvent(new CustomEvent("pothole:painted", { detail: paths }));
    }

    failed(error) {
      this.ready();
      const problems = error instanceof lab.Refused ? error.problems : ["The server does not answer. Train again when it runs."];
      lab.notices("request", problems, "error");
    }

    ready() {
      clearTimeout(this.waiting);
      lab.notices("first", []);
      by("train-button").textContent = "Train";
      by("train-button").disabled = false;
    }

    toggleMethod(name) {
      this.visible = this.tables.methods.filter((one) => this.visible.includes(one) !== (one === name));
      this.pictures.setVisible(this.visible);
      lab.updateLegend(by("legend"), this.visible, this.looks, this.paper);
    }

    applyScheme(scheme) {
      const { colours, looks } = lab.showScheme(scheme, this.tables.looks);
      this.looks = looks;
      this.paper = colours.paper;
      this.pictures.setLooks(looks);
      this.pictures.setColours(colours);
      lab.updateLegend(by("legend"), this.visible, looks, this.paper);
    }
  }

  lab.addPage("network", NetworkLab);
})();
