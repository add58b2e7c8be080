// A lecture: scenes one after the other, each a link, with its notes in a second window that is kept in step.
import { by, make } from "../core/dom.js";
import { problemsOf } from "../core/http.js";
import { keys, pressed } from "../core/keys.js";
import { showNotices } from "../core/notices.js";
import { SceneCard } from "./card.js";
import { showLectureWindow } from "./lecture_window.js";
import { NotesChannel } from "./notes.js";
import { sceneList } from "./scene_list.js";

/** @typedef {{ state: import("../core/state.js").State, actions: import("../core/actions.js").Actions, player?: import("../core/player.js").Player, predict?: import("./predict.js").Predict | null, widgets?: import("../core/widgets.js").Widgets, open?: (wish: { query: string }) => unknown, lecture?: Lecture | null }} AnyPage */
/** @typedef {import("./notes.js").Told} Told */

const LASTING = ["theme", "panel", "scheme"]; // as they are from scene to scene, unless a link says otherwise
const OWN_KEYS = new Set(["scenes", "scene", ...LASTING]);

export class Lecture {
  /** @param {AnyPage} page */
  constructor(page) {
    this.page = page;
    this.bar = by("lecture-bar");
    this.card = new SceneCard(page);
    this.kind = "off"; // or where the scenes come from: "lab", "exercises", "own"
    /** @type {import("../core/contract.js").SceneList | null} */
    this.list = null;
    this.channel = new NotesChannel(
      () => this.told,
      (step) => (step > 0 ? this.goOn() : this.go(this.index + step)),
    );
    this.begun = 0; // the scene that has been played on the way
    // A link that names a scene and no setting of its own asks for that scene's link.
    const asked = [...new URLSearchParams(location.search).keys()];
    this.jump = asked.includes("scenes") && asked.every((name) => OWN_KEYS.has(name));
    page.state.listen((changed, source) => {
      if (["scenes", "scene"].some((name) => changed.has(name))) this.follow();
      else if (source === "open" && this.on) this.card.borrow(); // some of the page's controls may be new
    });
    page.actions.add({
      lecture: () => showLectureWindow(this),
      "scene-next": () => this.go(this.index + 1),
      "scene-previous": () => this.go(this.index - 1),
      notes: () => this.openNotes(),
      "lecture-end": () => this.end(),
    });
    this.#keys();
  }

  #keys() {
    const group = "A lecture";
    const when = () => this.on;
    const to = (/** @type {number} */ step) => () => this.go(this.index + step);
    const strong = true;
    keys.add([
      { keys: ["l", "L"], shown: "L", what: "the lecture window: scenes, notes, a scene file", group, run: () => showLectureWindow(this) },
      {
        keys: ["PageDown"],
        shown: "PageDown",
        what: "play or reveal what waits for it, then the next scene (clickers send this)",
        group,
        when,
        strong,
        run: () => this.goOn(),
      },
      { keys: ["PageUp"], shown: "PageUp", what: "previous scene (clickers send this)", group, when, strong, run: to(-1) },
      { keys: ["ArrowRight"], shown: "→", what: "next scene", group, when, run: to(1) },
      { keys: ["ArrowLeft"], shown: "←", what: "previous scene", group, when, run: to(-1) },
      {
        keys: [..."123456789"],
        shown: "1 … 9",
        what: "that scene",
        group,
        when: () => this.on,
        run: (event) => this.go(Number(pressed(event).at(-1))),
      },
      { keys: ["s", "S"], shown: "S", what: "speaker’s notes in a window of their own", group, when, run: () => this.openNotes() },
    ]);
  }

  get on() {
    return this.kind !== "off" && Boolean(this.list);
  }

  get scenes() {
    return this.list?.scenes ?? [];
  }

  get index() {
    return this.page.state.get("scene") ?? 1;
  }

  /**
   * What the notes' window is told.
   * @returns {Told}
   */
  get told() {
    const { title, scenes } = this.list ?? { title: "", scenes: [] };
    const { scheme, theme } = this.page.state.values;
    return { title, scenes, index: this.index, scheme, theme };
  }

  // Be where the state says.
  async follow() {
    this.begun = 0;
    const kind = this.page.state.get("scenes") ?? "off";
    if (kind !== this.kind || !this.list) {
      this.kind = kind;
      this.list = null;
      if (kind !== "off") {
        try {
          const list = await sceneList.load(kind);
          if (kind !== this.kind) return;
          this.list = list;
          showNotices("scenes", []);
        } catch (error) {
          this.kind = "off";
          showNotices("scenes", problemsOf(error), "error");
          this.page.state.set({ scenes: "off" }, "lecture");
        }
      }
    }
    if (this.on && this.jump) {
      this.jump = false;
      this.go(Math.min(this.index, this.scenes.length), true);
      return;
    }
    this.jump = false;
    if (this.on && this.index > this.scenes.length) {
      showNotices("scenes", [`The lecture has ${this.scenes.length} scenes; there is no scene ${this.index}.`]);
      this.page.state.set({ scene: this.scenes.length }, "lecture");
      return;
    }
    this.show();
    if (this.on) this.channel.tell(this.told);
  }

  show() {
    document.body.classList.toggle("in-lecture", this.on);
    this.bar.hidden = !this.on;
    const { scenes, index } = this;
    const scene = this.on ? (scenes[index - 1] ?? null) : null;
    this.card.show(scene, `${this.kind} ${index} ${scene?.title} ${scene?.link}`);
    if (!scene) return;
    /** @type {(action: string, text: string, label: string, disabled?: boolean) => HTMLElement} */
    const button = (action, text, label, disabled = false) =>
      make("button", {
        type: "button",
        className: "button",
        "data-action": action,
        textContent: text,
        "aria-label": label,
        title: label,
        disabled,
      });
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.action : "";
    this.bar.replaceChildren(
      button("scene-previous", "‹", "Previous scene (PageUp)", index <= 1),
      make("span", { className: "scene-count", textContent: `${index} of ${scenes.length}` }),
      button("scene-next", "›", "Next scene (PageDown)", index >= scenes.length),
      make("span", { className: "scene-title", textContent: scene.title, role: "status" }),
      ...(scene.part ? [make("span", { className: "scene-part", textContent: scene.part })] : []),
      button("notes", "Notes", "Notes in a window of their own (S)"),
      button("lecture-end", "End", "End the lecture"),
    );
    const again = focused && this.bar.querySelector(`[data-action="${focused}"]`);
    if (again instanceof HTMLElement) again.focus();
  }

  /**
   * @param {string} kind
   * @param {number} [index]
   */
  async start(kind, index = 1) {
    this.list = await sceneList.load(kind);
    this.kind = kind;
    this.go(index);
  }

  /**
   * Open a scene: in place where its page is this one, else by going there.
   * @param {number} index
   * @param {boolean} [replace]
   */
  go(index, replace = false) {
    if (!this.on || index < 1 || index > this.scenes.length) return;
    const [path, query = ""] = this.scenes[index - 1].link.split("?");
    const wanted = new URLSearchParams(query);
    const { values, base } = this.page.state;
    for (const name of LASTING) {
      const follows = name === "scheme" && values[name] === base[name]; // the reader's system, which no link need name
      if (!wanted.has(name) && values[name] !== undefined && !follows) wanted.set(name, values[name]);
    }
    wanted.set("scenes", this.kind);
    wanted.set("scene", String(index));
    const address = `${path}?${wanted}`;
    this.page.player?.pause();
    if (path !== location.pathname || !this.page.open) {
      location[replace ? "replace" : "assign"](address);
      return;
    }
    history[replace ? "replaceState" : "pushState"](null, "", address);
    this.page.open({ query: `?${wanted}` });
  }

  /** A clicker has one key for what comes next: a scene that stands at its first step is played, then left. */
  goOn() {
    const { player, predict } = this.page;
    const unanswered = predict?.phase === "asking" && predict.reveal.disabled; // there is nothing to reveal yet
    const waits = player && player.steps && player.step === 0 && !player.playing && !unanswered;
    const [, query] = this.scenes[this.index - 1]?.link.split("?") ?? [];
    if (waits && this.begun !== this.index && new URLSearchParams(query).get("step") === "0") {
      this.begun = this.index; // also where less motion is wanted and frames stand beside one another instead
      player.play();
    } else this.go(this.index + 1);
  }

  openNotes() {
    window.open("/notes", "pothole-lab-notes", "popup,width=760,height=620");
  }

  end() {
    this.page.state.set({ scenes: "off" }, "user");
    this.channel.tell({ title: "", scenes: [], index: 1 });
  }
}

/** @param {AnyPage} page */
export function addLecture(page) {
  if (document.getElementById("lecture-bar")) page.lecture = new Lecture(page);
}
