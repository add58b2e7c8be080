// Says when each method walks with a learning rate and a radius of its own, with which, and goes back to equal ones.
import { by } from "../core/dom.js";

/** @param {import("./main.js").ToyLab} page */
export function addOwnSettings(page) {
  page.actions.add({ "own-equal": () => page.state.set({ tuning: "equal" }, "user") });
  document.addEventListener("pothole:painted", ({ detail }) => {
    /** @type {import("../core/contract.js").Paths} */
    const { methods } = detail;
    const rows = methods.map(({ row }) => row).filter(({ settings }) => settings);
    by("own-section").hidden = !rows.length;
    const each = rows.map(({ method, settings }) => `${method} ${settings}`).join("; ");
    by("own-sentence").textContent = `Each method walks with settings of its own: ${each}. Statements below speak of equal ones.`;
  });
}
