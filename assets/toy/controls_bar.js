// The scrubber and the speed of the player: native sliders, because they move at every frame.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.rangeInput = (place, { label, minimum, maximum, step, onInput }) => {
    const input = document.createElement("input");
    input.type = "range";
    Object.assign(input, { min: minimum, max: maximum, step });
    input.setAttribute("aria-label", label);
    input.addEventListener("input", () => onInput(Number(input.value)));
    place.replaceChildren(input);
    return input;
  };

  lab.PlayerBar = class {
    constructor(player, onSpeed) {
      const by = (id) => document.getElementById(id);
      this.player = player;
      this.readout = by("step-readout");
      this.play = by("play-button");
      this.loop = by("loop-button");
      this.scrubber = lab.rangeInput(by("scrubber"), {
        label: "Step shown", minimum: 0, maximum: 1, step: 1,
        onInput: (step) => {
          player.pause();
          player.seek(step);
        },
      });
      this.speed = lab.rangeInput(by("speed"), {
        label: "Speed in steps per second", minimum: 0, maximum: 3, step: 0.05,
        onInput: (power) => onSpeed(Number((10 ** power).toPrecision(2))),
      });
      this.speedText = document.createElement("span");
      this.speedText.className = "readout";
      by("speed").append(this.speedText);
    }

    showStep(step) {
      const { steps } = this.player;
      this.scrubber.max = steps;
      this.scrubber.value = step;
      this.scrubber.setAttribute("aria-valuetext", `step ${step} of ${steps}`);
      this.readout.textContent = this.words?.(step) ?? `step ${step} of ${steps}`; // words: where steps are not the unit
    }

    showPlaying(playing) {
      this.play.textContent = playing ? "Pause" : "Play";
    }

    showSpeed(speed) {
      this.speed.value = Math.log10(speed);
      this.speed.setAttribute("aria-valuetext", `${speed} steps per second`);
      this.speedText.textContent = `${speed} steps/s`;
    }

    showLoop(on) {
      this.loop.setAttribute("aria-pressed", String(on));
    }
  };
})();
