// The player's keys.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.listenToKeys = (player) => {
    const group = "Playback";
    const still = (step) => {
      player.pause();
      player.seek(step);
    };
    const by = (sign) => (event) => still(player.step + sign * (event.shiftKey ? 10 : 1));
    const outside = () => !lab.inLecture?.(); // in a lecture the arrows go from scene to scene, as clickers expect
    lab.keys.add([
      { keys: [" "], shown: "Space", what: "play or pause", group, run: () => player.toggle() },
      { keys: ["ArrowLeft"], shown: "←", what: "one step back (with Shift: ten)", group, when: outside, run: by(-1) },
      { keys: ["ArrowRight"], shown: "→", what: "one step on (with Shift: ten)", group, when: outside, run: by(1) },
      { keys: [",", "<", ";"], shown: ",", what: "one step back, in a lecture too (with Shift: ten)", group, run: by(-1) },
      { keys: [".", ">", ":"], shown: ".", what: "one step on, in a lecture too (with Shift: ten)", group, run: by(1) },
      { keys: ["Home"], shown: "Home", what: "first step", group, run: () => still(0) },
      { keys: ["End"], shown: "End", what: "last step", group, run: () => still(player.steps) },
    ]);
  };
})();
