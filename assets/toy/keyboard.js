// Keys of the whole page. A key that the focused element uses itself stays with it.
(() => {
  const lab = (window.potholeLab ??= {});

  function uses(element, key) {
    if (!element || element === document.body) return false;
    if (element.isContentEditable || element.closest("[role=slider], [role=radiogroup], [role=listbox]")) return true;
    if (element.matches("input, select, textarea")) return true; // a range uses arrows, a field uses them all
    return key === " " && Boolean(element.closest("button, a, summary, label, [role=button]"));
  }

  lab.listenToKeys = (player) => {
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      if (uses(event.target, event.key)) return;
      const stride = event.shiftKey ? 10 : 1;
      const actions = {
        " ": () => player.toggle(),
        ArrowLeft: () => still(player).seek(player.step - stride),
        ArrowRight: () => still(player).seek(player.step + stride),
        Home: () => still(player).seek(0),
        End: () => still(player).seek(player.steps),
      };
      if (!actions[event.key]) return;
      event.preventDefault();
      actions[event.key]();
    });
  };

  function still(player) {
    player.pause();
    return player;
  }
})();
