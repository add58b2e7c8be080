// A window over the page. The browser's own modal dialog keeps the focus inside, closes on Escape and gives the focus back.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.openDialog = (id, title, ...content) => {
    const open = document.querySelector("dialog[open]");
    open?.close();
    if (open?.id === id) return null; // the key that opened it closes it
    const heading = lab.make("h2", { textContent: title, id: `${id}-title` });
    const close = lab.make("button", { type: "button", className: "close", "aria-label": "Close", textContent: "×" });
    const dialog = lab.make("dialog", { id, className: "window", "aria-labelledby": heading.id });
    dialog.append(lab.make("div", { className: "window-head" }, heading, close), ...content);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside the window
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  };
})();
