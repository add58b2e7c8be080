// Notices: sentences that need to be seen, each until it is closed or no longer true.
(() => {
  const lab = (window.potholeLab ??= {});

  // Show exactly these sentences of one kind ("link", "request", …); an empty list takes the kind's notices away.
  lab.notices = (kind, sentences, tone = "note") => {
    const place = document.getElementById("notices");
    if (!place) return;
    for (const old of [...place.children]) {
      if (old.dataset.kind === kind && !sentences.includes(old.firstChild.textContent)) old.remove();
    }
    const shown = [...place.children].map((node) => node.firstChild.textContent);
    for (const sentence of sentences) {
      if (shown.includes(sentence)) continue;
      const notice = document.createElement("div");
      notice.className = `notice ${tone}`;
      notice.dataset.kind = kind;
      const text = document.createElement("span");
      text.textContent = sentence;
      const close = document.createElement("button");
      close.type = "button";
      close.className = "close";
      close.setAttribute("aria-label", "Close notice");
      close.textContent = "×";
      close.addEventListener("click", () => notice.remove());
      notice.append(text, close);
      place.append(notice);
    }
  };
})();
