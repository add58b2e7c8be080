// In a page of somebody else's: the pictures, playback and chosen settings, and the window that gives the code for it.
import { openDialog } from "../core/dialog.js";
import { make, makeButton } from "../core/dom.js";
import { writeLink } from "../core/link.js";

/** @typedef {import("./main.js").ToyLab} ToyLab */
/** @typedef {import("../core/contract.js").Control} Control */

const SIZE = { width: 900, height: 520 }; // px: pictures side by side, playback and a row of settings

/**
 * The code that puts the lab into a page.
 * @param {string} address of the lab
 * @param {{ width: number, height: number }} size px
 */
export function frameCode(address, { width, height }) {
  const source = address.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe src="${source}" width="${width}" height="${height}" style="border: 0" title="Pothole lab"></iframe>`;
}

class Embed {
  /** @param {ToyLab} page */
  constructor(page) {
    this.page = page;
    page.state.listen((changed) => {
      if (["embed", "embed_pictures", "embed_settings"].some((name) => changed.has(name))) this.show();
    });
    page.actions.add({ embed: () => this.open() });
    page.exportDialog?.add(
      "Embed in a page",
      "The lab itself in a frame of a page of yours, live.",
      makeButton("Embed…", () => this.open()),
    );
  }

  show() {
    const { embed, embed_pictures: pictures, embed_settings: settings } = this.page.state.values;
    const on = embed === "1";
    document.body.classList.toggle("embedded", on);
    if (!on) return;
    document.body.classList.add("showing");
    document.body.dataset.show = pictures.join(" ");
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#main-controls [data-control]"))) {
      row.hidden = !settings.includes(row.dataset.control);
    }
  }

  open() {
    const { state, schema } = this.page;
    this.page.exportDialog?.node.close();
    const size = { ...SIZE };
    const code = make("textarea", { readOnly: true, rows: 4, spellcheck: false, "aria-label": "Code" });
    const wish = { embed: "1", embed_pictures: [...state.get("embed_pictures")], embed_settings: [...state.get("embed_settings")] };
    const write = () => {
      const address = location.origin + location.pathname + writeLink({ ...state.values, ...wish, scenes: "off" }, state.base);
      code.value = frameCode(address, size);
    };
    /** @type {(title: string, control: Control, chosen: string[], name: (key: string) => string) => HTMLElement} */
    const boxes = (title, control, chosen, name) => {
      const all = /** @type {string[]} */ (control.names);
      const box = (/** @type {string} */ key) => {
        const input = make("input", { type: "checkbox", checked: chosen.includes(key) });
        input.addEventListener("change", () => {
          const now = all.filter((other) => (other === key ? input.checked : chosen.includes(other)));
          chosen.splice(0, chosen.length, ...now);
          write();
        });
        return make("label", { className: "embed-choice" }, input, ` ${name(key)}`);
      };
      return make("fieldset", {}, make("legend", { textContent: title }), ...all.map(box));
    };
    /** @type {(key: "width" | "height", label: string) => HTMLElement} */
    const number = (key, label) => {
      const input = make("input", { type: "number", min: "240", max: "2000", step: "10", value: String(size[key]), className: "field" });
      input.addEventListener("input", () => {
        if (!input.checkValidity() || !input.value) return;
        size[key] = Number(input.value);
        write();
      });
      return make("label", { className: "embed-choice" }, `${label} `, input);
    };
    const copied = make("span", { role: "status", className: "hint" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(code.value);
        copied.textContent = "Copied.";
      } catch {
        code.select();
        copied.textContent = "The browser does not let pages copy: the code is selected.";
      }
    };
    write();
    openDialog(
      "embed-window",
      "Embed in a page",
      boxes("Pictures", schema.control("embed_pictures"), wish.embed_pictures, (key) => key[0]?.toUpperCase() + key.slice(1)),
      boxes("Settings to turn", schema.control("embed_settings"), wish.embed_settings, (key) => schema.control(key).title),
      make("fieldset", {}, make("legend", { textContent: "Size in pixels" }), number("width", "Width"), number("height", "Height")),
      code,
      make(
        "div",
        { className: "window-tools" },
        makeButton("Copy the code", () => void copy(), { autofocus: true }),
        copied,
      ),
      make("p", {
        className: "hint",
        textContent:
          "The server must let the page’s site frame it: POTHOLE_FRAME_ANCESTORS=https://course.example.org. " +
          "As it is set now, only its own pages may.",
        hidden: this.page.tables.framed,
      }),
    );
  }
}

/** @param {ToyLab} page */
export function addEmbed(page) {
  new Embed(page);
}
