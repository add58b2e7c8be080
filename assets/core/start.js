// Dash calls `start` with what a page's layout tells the client code ("lab-tables"); the page's entry says what starts.
import { keys } from "./keys.js";

/**
 * What a page is made of: its class, and its parts in their order. Pages do not know their parts: a part is a function of
 * the page that may add actions and keys and listen to its state.
 * @template P the page's object
 * @param {string} key of the page
 * @param {new (tables: any) => P} Page
 * @param {((page: P) => void)[]} [parts]
 */
export function addPage(key, Page, parts = []) {
  const lab = {
    /** @param {{ page?: string } | undefined} tables */
    start(tables) {
      if (tables?.page !== key) return false;
      const page = new Page(tables);
      Object.assign(lab, { [key]: page, keys }); // for tests, and for who looks at a page's console
      for (const part of parts) part(page);
      /** @type {{ begin?: () => void }} */ (page).begin?.();
      return true;
    },
  };
  window.dash_clientside = Object.assign(window.dash_clientside ?? {}, { potholeLab: lab });
}
