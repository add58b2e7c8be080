// The entry of an exported scene: its data stand in the file, before this script.
import { by } from "../core/dom.js";
import { OfflineScene } from "../export/offline/scene.js";

const place = by("scene");
Object.assign(place, { scene: new OfflineScene(JSON.parse(place.textContent ?? "")) }); // for who looks at the file's console
