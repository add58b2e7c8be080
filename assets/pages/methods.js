import { addPage } from "../core/start.js";
import { addHelp } from "../lecture/help.js";
import { addLecture } from "../lecture/lecture.js";
import { addTheme } from "../lecture/theme.js";
import { MethodsPage } from "../toy/methods.js";

addPage("methods", MethodsPage, [addHelp, addLecture, addTheme]);
