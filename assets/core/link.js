// The link: every key of the state as a query string (the server reads it; see app/toy/link.py for the same in Python).
(() => {
  const lab = (window.potholeLab ??= {});

  lab.writeLink = (state) => {
    const pairs = Object.entries(state).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(",") : String(value);
      return `${encodeURIComponent(name)}=${encodeURIComponent(text).replaceAll("%2C", ",")}`;
    });
    return `?${pairs.join("&")}`;
  };

  // Pages that read the same state: the navigation takes it along.
  const SHARING = ["/", "/instruments"];
  const takeAlong = (query) => {
    if (!SHARING.includes(location.pathname)) return;
    for (const link of document.querySelectorAll(".pages a")) {
      const { pathname } = new URL(link.href);
      if (SHARING.includes(pathname)) link.href = pathname + query;
    }
  };

  // Browsers allow about 100 changes of the address in 30 s; a drag asks for far more.
  let timer = null;
  lab.showLink = (state, delay = 400) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      history.replaceState(history.state, "", location.pathname + lab.writeLink(state));
      takeAlong(lab.writeLink(state));
    }, delay);
  };

  // Put the link of a state on the clipboard, and say so on the button for a moment.
  lab.copyLink = async (values, button) => {
    const link = location.origin + location.pathname + lab.writeLink(values);
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = "Copied";
    } catch {
      lab.notices("copy", [`The browser does not let pages copy. The link is ${link}`]);
    }
    setTimeout(() => {
      button.textContent = "Copy link";
    }, 1500);
  };
})();
