// The lecture window: start a lecture, go to a scene, open a scene file of one's own, the projector's theme.
import { openDialog } from "../core/dialog.js";
import { make, makeButton } from "../core/dom.js";
import { problemsOf } from "../core/http.js";
import { showNotices } from "../core/notices.js";
import { sceneList } from "./scene_list.js";

/** @typedef {import("./lecture.js").Lecture} Lecture */

const FORMAT = `# Title of the lecture

## Title of a scene
link: /?preset=figure-2&predict=outcome&step=0

Notes for the speaker, up to the next scene.

## Another scene
link: /instruments?instrument=race`;

/**
 * @param {Lecture} lecture
 * @param {() => void} close
 */
function scenesOf(lecture, close) {
  if (!lecture.on) return [];
  const items = lecture.scenes.map(({ title }, k) => {
    const now = k + 1 === lecture.index;
    const go = () => {
      close();
      lecture.go(k + 1);
    };
    return make("li", {}, makeButton(title, go, now ? { "aria-current": "true" } : {}));
  });
  return [make("h3", { textContent: lecture.list?.title }), make("ol", { className: "scene-list" }, ...items)];
}

/**
 * @param {Lecture} lecture
 * @param {() => void} close
 */
function ownFile(lecture, close) {
  const said = make("p", { className: "scene-fault", role: "alert" });
  const text = make("textarea", { rows: 9, spellcheck: false, "aria-label": "Scene file", placeholder: FORMAT });
  text.value = sceneList.own() ?? "";
  const file = make("input", { type: "file", accept: ".md,.txt,text/plain,text/markdown", "aria-label": "Scene file from disk" });
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    text.value = await chosen.text();
    said.textContent = "";
  });
  const begin = makeButton("Start with these scenes", async () => {
    try {
      await sceneList.keep(text.value);
      await lecture.start("own");
      close();
    } catch (error) {
      said.textContent = problemsOf(error, "The server does not answer.").join(" ");
    }
  });
  const forget = makeButton("Forget this file", () => {
    sceneList.forget();
    text.value = "";
    said.textContent = "This browser keeps no scene file any more.";
  });
  return make(
    "details",
    { className: "own-scenes", open: sceneList.hasOwn() },
    make("summary", { textContent: "Open a scene file" }),
    make("p", {
      className: "hint",
      textContent: "A text file: titles after “##”, below each its link, then notes. Choose one or type it here; it stays in this browser.",
    }),
    file,
    text,
    said,
    make(
      "div",
      { className: "window-tools" },
      begin,
      forget,
      makeButton("Show an example", () => void (text.value = FORMAT)),
    ),
  );
}

/** @param {Lecture} lecture */
export function showLectureWindow(lecture) {
  const { state } = lecture.page;
  /** @type {HTMLDialogElement | null} */
  let dialog = null;
  const close = () => dialog?.close();
  /** @type {(text: string, action: string, name: string, value: string) => HTMLElement} */
  const toggle = (text, action, name, value) => {
    const node = makeButton(
      text,
      () => {
        lecture.page.actions.do(action);
        node.setAttribute("aria-pressed", String(state.get(name) === value));
      },
      { "aria-pressed": String(state.get(name) === value) },
    );
    return node;
  };
  const start = async (/** @type {string} */ kind) => {
    try {
      await lecture.start(kind);
      close();
    } catch (error) {
      showNotices("scenes", problemsOf(error, "The server does not answer."), "error");
      close();
    }
  };
  const end = () => {
    lecture.end();
    close();
  };
  const tools = lecture.on
    ? [makeButton("Notes in a second window", () => lecture.openNotes()), makeButton("End the lecture", end, { id: "end-the-lecture" })]
    : [
        makeButton("Start the lecture", () => void start("lab"), { autofocus: true }),
        makeButton("Start the exercises", () => void start("exercises")),
      ];
  dialog = openDialog(
    "lecture-window",
    "Lecture",
    ...scenesOf(lecture, close),
    make("div", { className: "window-tools" }, ...tools),
    make(
      "div",
      { className: "window-tools" },
      toggle("Projector theme", "projector", "theme", "projector"),
      toggle("Controls hidden", "panel", "panel", "hidden"),
    ),
    make(
      "p",
      { className: "hint" },
      "To print: ",
      make("a", { href: `/handout?scenes=${lecture.on ? lecture.kind : "lab"}`, target: "_blank", textContent: "a handout" }),
      " of the scenes, with or without answers.",
    ),
    ownFile(lecture, close),
  );
}
