import { addPage } from "../core/start.js";
import { addNetworkExport } from "../export/network.js";
import { addHelp } from "../lecture/help.js";
import { addLecture } from "../lecture/lecture.js";
import { addTheme } from "../lecture/theme.js";
import { addExplore } from "../network/explore/main.js";
import { addTrainingFilmStrip } from "../network/film_frames.js";
import { addTrainingWords } from "../network/in_words.js";
import { addFairness } from "../network/fairness/main.js";
import { NetworkLab } from "../network/main.js";
import { addPresets } from "../network/presets.js";
import { addSettingsOfU } from "../network/settings_of_u.js";
import { addStatements } from "../network/statements/main.js";

addPage("network", NetworkLab, [
  ...[addHelp, addLecture, addTheme],
  ...[addExplore, addFairness, addNetworkExport, addPresets, addSettingsOfU, addStatements, addTrainingFilmStrip, addTrainingWords],
]);
