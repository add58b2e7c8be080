import { addPage } from "../core/start.js";
import { addToyExport } from "../export/toy.js";
import { addDataTable } from "../lecture/data_table.js";
import { addFilmStrip } from "../lecture/film_strip.js";
import { addHelp } from "../lecture/help.js";
import { addLecture } from "../lecture/lecture.js";
import { addPictureWords } from "../lecture/picture_words.js";
import { addPredict } from "../lecture/predict.js";
import { addTheme } from "../lecture/theme.js";
import { addAnatomy } from "../toy/anatomy.js";
import { addCloud } from "../toy/cloud.js";
import { addCompare } from "../toy/compare.js";
import { addCosts } from "../toy/cost.js";
import { addEmbed } from "../toy/embed.js";
import { addCut } from "../toy/cut.js";
import { addExplanations } from "../toy/explain.js";
import { addFirstScreen } from "../toy/first_screen.js";
import { addPresetChanges } from "../toy/preset_changes.js";
import { addDigging } from "../toy/dig.js";
import { ToyLab } from "../toy/main.js";
import { addOwnSettings } from "../toy/own.js";

addPage("toy", ToyLab, [
  ...[addFirstScreen, addExplanations, addPresetChanges, addHelp, addLecture, addTheme, addToyExport],
  ...[addDataTable, addFilmStrip, addPictureWords, addPredict],
  ...[addAnatomy, addCloud, addCosts, addCut, addCompare, addDigging, addEmbed, addOwnSettings],
]);
