// What other scripts put on the window: Dash's client side.

declare const dash_clientside: { set_props(id: string, properties: Record<string, unknown>): void };

interface Window {
  dash_clientside?: Record<string, unknown>;
}

/** What parts of a page tell each other. */
interface DocumentEventMap {
  /** toy lab: new paths are on the map; network: a piece of the plane */
  "pothole:painted": CustomEvent<any>;
  "pothole:anatomy": CustomEvent<import("./contract.js").AnatomyAnswer>;
  "pothole:cloud": CustomEvent<unknown>;
  "pothole:cost": CustomEvent<string>;
  /** whether the paths are hidden until people have said what will happen */
  "pothole:veil": CustomEvent<boolean>;
  /** the theme has changed, and pictures have been drawn anew */
  "pothole:restyled": CustomEvent<unknown>;
  "pothole:scheme": CustomEvent<string>;
  /** instruments: all parts of an answer are there */
  "pothole:complete": CustomEvent<string>;
  /** network: the run is another, or at another state */
  "pothole:run": CustomEvent<any>;
  /** network: rows have come and are drawn */
  "pothole:grown": CustomEvent<unknown>;
  "pothole:explored": CustomEvent<string>;
  "pothole:slice": CustomEvent<number>;
  "pothole:exported": CustomEvent<string>;
}
