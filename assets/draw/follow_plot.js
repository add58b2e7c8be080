// Canvases over plotly's figures follow them: when a figure is drawn anew, and while a 3-D scene is turned.

/**
 * Call `redraw` now and after everything that plotly draws in a view. Graphs appear some time after this code starts.
 * @param {{ plot(): any }} view
 * @param {() => void} redraw
 */
export function followPlot(view, redraw) {
  const plot = view.plot();
  if (!plot?.on) {
    setTimeout(() => followPlot(view, redraw), 30);
    return;
  }
  plot.on("plotly_afterplot", redraw);
  redraw();
}

/**
 * While a scene is turned, plotly draws frames of its own: watch its camera until it rests. `moved()` draws anew where
 * the camera has moved, and says so; `rested()` is called at the end. Returns a function that starts to watch.
 * @param {HTMLElement} stack
 * @param {{ moved: () => boolean, rested: () => void }} listeners
 */
export function followCamera(stack, { moved, rested }) {
  let until = 0;
  let watching = false;
  const watch = () => {
    if (moved()) until = Math.max(until, performance.now() + 400);
    if (performance.now() < until) requestAnimationFrame(watch);
    else {
      watching = false;
      rested();
    }
  };
  const wake = () => {
    until = performance.now() + 700;
    if (watching) return;
    watching = true;
    requestAnimationFrame(watch);
  };
  for (const name of ["pointerdown", "pointermove", "pointerup", "wheel", "touchmove"]) {
    stack.addEventListener(name, (event) => (name !== "pointermove" || /** @type {PointerEvent} */ (event).buttons) && wake(), {
      capture: true,
      passive: true,
    });
  }
  return wake;
}
