// Light and dark, screen and projector: tell the page, and give the colours and looks that canvases need.
(() => {
  const lab = (window.potholeLab ??= {});
  const PROJECTOR = { zoom: 1.45, bold: 1.7 };

  lab.showScheme = (scheme, looks) => {
    dash_clientside.set_props("mantine", { forceColorScheme: scheme });
    document.documentElement.dataset.scheme = scheme;
    const button = document.getElementById("scheme-button");
    if (button) button.textContent = scheme === "dark" ? "Light" : "Dark";
    return lab.coloursIn(scheme, looks);
  };

  // The colours of the scheme that the page's root shows, and the methods' looks in it.
  lab.coloursIn = (scheme, looks) => {
    const style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(
      ["ink", "quiet", "grid", "paper"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
    const shown = Object.entries(looks).map(([name, look]) => [
      name,
      { ...look, width: look.width * lab.bold, colour: (scheme === "dark" && look.colour_on_dark) || look.colour },
    ]);
    return { colours, looks: Object.fromEntries(shown) };
  };

  // True when the theme has changed: what is drawn must then be drawn anew.
  lab.showTheme = (theme) => {
    if (document.documentElement.dataset.theme === theme) return false;
    document.documentElement.dataset.theme = theme;
    Object.assign(lab, theme === "projector" ? PROJECTOR : { zoom: 1, bold: 1 });
    return true;
  };
})();
