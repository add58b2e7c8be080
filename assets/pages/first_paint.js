// In the head of every page, before anything is painted: light or dark, as the link says or the reader's system prefers.
import { namedScheme, systemScheme } from "../core/scheme.js";

document.documentElement.dataset.scheme = namedScheme(location.search) ?? systemScheme();
