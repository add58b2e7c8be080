import { addPage } from "../core/start.js";
import { Notes } from "../lecture/notes.js";

addPage("notes", Notes);
