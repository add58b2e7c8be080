// The first screen is as high as the window below what stands above it: header, notices and the lecture's bar, whose
// heights follow type and words. The style sheet does the rest.
import { by } from "../core/dom.js";

export function addFirstScreen() {
  const screen = by("first-screen");
  // The settings are folded away before the state has come, unless the link shows them: nothing jumps.
  if (new URLSearchParams(location.search).get("panel") !== "shown") document.body.classList.add("panel-hidden");
  const measure = () => {
    const above = Math.round(screen.getBoundingClientRect().top + window.scrollY);
    document.documentElement.style.setProperty("--above", `${above}px`);
  };
  const watch = new ResizeObserver(measure);
  for (const node of [document.querySelector(".top"), by("notices"), by("lecture-bar"), by("lecture-card")]) if (node) watch.observe(node);
}
