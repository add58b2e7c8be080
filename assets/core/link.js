// The link: every key of the state as a query string (the server reads it; see app/link.py for the same in Python).
(() => {
  const lab = (window.potholeLab ??= {});

  lab.writeLink = (state) => {
    const pairs = Object.entries(state).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(",") : String(value);
      return `${encodeURIComponent(name)}=${encodeURIComponent(text).replaceAll("%2C", ",")}`;
    });
    return `?${pairs.join("&")}`;
  };

  // Browsers allow about 100 changes of the address in 30 s; a drag asks for far more.
  let timer = null;
  lab.showLink = (state, delay = 400) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      history.replaceState(history.state, "", location.pathname + lab.writeLink(state));
    }, delay);
  };
})();
