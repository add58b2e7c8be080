// Playback: which step is shown. It only moves when someone presses play, and not even then where a part of the page
// holds it: with reduced motion a film strip comes first.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.Player = class {
    // onStep(step) after every change; onPlaying(bool) when playback starts or stops.
    constructor({ onStep, onPlaying }) {
      Object.assign(this, { onStep, onPlaying });
      this.steps = 0;
      this.step = 0;
      this.speed = 60;
      this.loop = false;
      this.playing = false;
      this.holds = []; // functions asked before it plays; one that gives true keeps it still
      this.ends = []; // functions told when the last step is shown
    }

    setSteps(steps) {
      const atEnd = this.step >= this.steps;
      this.steps = steps;
      // Who looks at the end keeps looking at the end when the number of steps changes.
      this.step = atEnd ? steps : Math.min(this.step, steps);
    }

    seek(step) {
      this.exact = null;
      this.#show(Math.min(Math.max(Math.round(step), 0), this.steps));
    }

    toggle() {
      if (this.playing) this.pause();
      else this.play();
    }

    play() {
      if (this.playing || !this.steps || this.holds.some((hold) => hold())) return;
      if (this.step >= this.steps) this.seek(0);
      this.playing = true;
      this.before = null;
      this.exact = this.step;
      this.onPlaying(true);
      requestAnimationFrame((now) => this.#tick(now));
    }

    pause() {
      if (!this.playing) return;
      this.playing = false;
      this.onPlaying(false);
    }

    #tick(now) {
      if (!this.playing) return;
      const seconds = this.before === null ? 0 : Math.min((now - this.before) / 1000, 0.25);
      this.before = now;
      this.exact = (this.exact ?? this.step) + seconds * this.speed;
      if (this.exact >= this.steps) {
        if (!this.loop) {
          this.#show(this.steps);
          this.pause();
          return;
        }
        this.exact = 0;
      }
      const step = Math.floor(this.exact);
      if (step !== this.step) this.#show(step);
      requestAnimationFrame((next) => this.#tick(next));
    }

    #show(step) {
      this.step = step;
      this.onStep(step);
      if (step >= this.steps) for (const told of this.ends) told();
    }
  };
})();
