import { make, makeOptions, makeTool } from "../core/dom.js";

/**
 * A labelled choice that tells the state; show() follows it.
 * @param {import("../core/controls.js").ChoiceControl} control
 * @param {import("../core/state.js").State} state
 * @param {() => string[][]} options what may be chosen now
 */
export function labelledChoice(control, state, options) {
  const select = make("select", { className: "select", "data-tool": control.name });
  let offered = "";
  select.addEventListener("change", () => state.set({ [control.name]: select.value }, "tool"));
  const show = () => {
    const now = options();
    if (offered !== now.join()) {
      offered = now.join();
      select.replaceChildren(...makeOptions(now));
    }
    select.value = state.get(control.name);
  };
  return { node: makeTool(control.label, control.help, select), show };
}
