import { addPage } from "../core/start.js";
import { addHelp } from "../lecture/help.js";
import { addLecture } from "../lecture/lecture.js";
import { addTheme } from "../lecture/theme.js";
import { PaperPage } from "../paper/paper.js";

addPage("paper", PaperPage, [addHelp, addLecture, addTheme]);
