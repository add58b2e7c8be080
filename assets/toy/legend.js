// The legend: a button per method, in its colour, line and marker, that shows or hides the method.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.drawSwatch = (canvas, look, paper) => {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [34, 16];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.strokeStyle = look.colour;
    context.lineWidth = look.width;
    context.setLineDash(lab.dashOf(look));
    context.beginPath();
    context.moveTo(1, height / 2);
    context.lineTo(width - 1, height / 2);
    context.stroke();
    lab.drawMarker(context, look, width / 2, height / 2, 5, paper);
  };

  lab.buildLegend = (place, methods, looks, onToggle) => {
    place.replaceChildren(
      ...methods.map((name) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "method";
        button.dataset.method = name;
        button.title = `Show or hide ${name}`;
        const swatch = document.createElement("canvas");
        swatch.setAttribute("aria-hidden", "true");
        button.append(swatch, name);
        button.addEventListener("click", () => onToggle(name));
        return button;
      }),
    );
  };

  lab.updateLegend = (place, shown, looks, paper) => {
    for (const button of place.children) {
      button.setAttribute("aria-pressed", String(shown.includes(button.dataset.method)));
      lab.drawSwatch(button.firstChild, looks[button.dataset.method], paper);
    }
  };
})();
