// Draws the figures of a page, whose numbers stand in it.
for (const place of document.querySelectorAll(".drawn[data-figure]")) {
  const { data, layout } = JSON.parse(place.dataset.figure);
  Plotly.newPlot(place, data, layout, { responsive: true, displayModeBar: false });
}
