// Pages by their key: Dash calls `start` with what a page's layout tells the client code ("lab-tables").
(() => {
  const lab = (window.potholeLab ??= {});
  const pages = {};

  // The page's object is kept as potholeLab[key].
  lab.addPage = (key, Page) => {
    pages[key] = Page;
  };

  window.dash_clientside = window.dash_clientside ?? {};
  window.dash_clientside.potholeLab = {
    start: (tables) => {
      const Page = pages[tables?.page];
      if (Page) lab[tables.page] = new Page(tables);
      return Boolean(Page);
    },
  };
})();
