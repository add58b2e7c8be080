// What the instruments give away: the picture as it stands on the screen.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.addPart("instruments", (page) => {
    const dialog = new lab.ExportDialog([
      {
        title: "Picture as it stands",
        text: "The maps and curves of the instrument in view, at twice the screen’s resolution.",
        buttons: [{ label: "PNG", what: "the picture as PNG", make: () => picture(page) }],
      },
    ]);
    page.actions.add({ export: () => dialog.open() });
    page.exportDialog = dialog;
  });

  async function picture(page) {
    const instrument = page.state.get("instrument");
    const panel = document.getElementById(`panel-${instrument}`);
    const { surface, seed } = page.state.values;
    const title = document.getElementById(`tab-${instrument}`).textContent;
    const blob = await lab.screenPicture([...panel.querySelectorAll("figure")], {
      head: [`${title}: ${surface}`, panel.querySelector(".caption").textContent],
      foot: ["Surfaces and settings are our reconstruction, not the data of arXiv 2605.16134."],
      colours: page.colours,
    });
    return { blob, name: `pothole-lab-${surface}-seed-${seed}-${instrument}.png` };
  }
})();
