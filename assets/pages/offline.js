// The entry of an exported scene: its data stand in the file, before this script.
import { by } from "../core/dom.js";
import { OfflineScene } from "../export/offline/scene.js";

const scene = new OfflineScene(JSON.parse(by("scene").textContent));
by("scene").dispatchEvent(new CustomEvent("pothole:scene", { bubbles: true, detail: scene }));
