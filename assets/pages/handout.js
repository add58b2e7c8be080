import { addPage } from "../core/start.js";
import { Handout } from "../lecture/handout.js";

addPage("handout", Handout);
