// Light and dark: tell the page, and give the colours and looks that canvases need.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.showScheme = (scheme, looks) => {
    dash_clientside.set_props("mantine", { forceColorScheme: scheme });
    document.documentElement.dataset.scheme = scheme;
    document.getElementById("scheme-button").textContent = scheme === "dark" ? "Light" : "Dark";
    const style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(
      ["ink", "quiet", "grid", "paper"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
    const shown = Object.entries(looks).map(([name, look]) => [
      name,
      { ...look, colour: (scheme === "dark" && look.colour_on_dark) || look.colour },
    ]);
    return { colours, looks: Object.fromEntries(shown) };
  };
})();
