import { addPage } from "../core/start.js";
import { addInstrumentsExport } from "../export/instruments.js";
import { InstrumentsLab } from "../instruments/main.js";
import { addHelp } from "../lecture/help.js";
import { addLecture } from "../lecture/lecture.js";
import { addTheme } from "../lecture/theme.js";

addPage("instruments", InstrumentsLab, [addHelp, addLecture, addTheme, addInstrumentsExport]);
