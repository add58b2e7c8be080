// How large what is drawn on canvases and by plotly is: 1 on a screen, more on a projector (core/scheme.js sets both).
(() => {
  const lab = (window.potholeLab ??= {});

  lab.zoom ??= 1; // of type, and of the margins that hold it
  lab.bold ??= 1; // of lines and markers

  lab.font = (size) => `${size * lab.zoom}px Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif`;

  // A chart's margins with room for type of this size.
  lab.roomFor = (margin) => Object.fromEntries(Object.entries(margin).map(([side, room]) => [side, room * lab.zoom]));

  // A plotly figure with type and lines of this size; itself where nothing changes.
  lab.enlarged = (figure) => {
    if (!figure || (lab.zoom === 1 && lab.bold === 1)) return figure;
    const larger = structuredClone(figure);
    const walk = (node) => {
      if (!node || typeof node !== "object") return;
      for (const [name, value] of Object.entries(node)) {
        if (/font$/.test(name) && value?.size) value.size *= lab.zoom;
        else if (name === "line" && value?.width) value.width *= lab.bold;
        else if (name === "thickness" && typeof value === "number") node[name] *= lab.zoom;
        else walk(value);
      }
    };
    walk(larger);
    if (larger.layout.margin) larger.layout.margin = lab.roomFor(larger.layout.margin);
    return larger;
  };
})();
