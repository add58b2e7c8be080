// Small parts of the instruments page: elements, a choice with its label, plain tables.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.make = (tag, properties = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in node && !name.startsWith("aria")) node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };

  // A labelled choice that tells the state; show() follows it. options: what may be chosen now, where that changes.
  lab.labelledChoice = (control, state, options = () => control.options) => {
    const select = lab.make("select", { className: "select", "data-tool": control.name });
    let offered = "";
    const offer = () => {
      const now = options();
      if (offered === now.join()) return;
      offered = now.join();
      select.replaceChildren(...now.map(([value, text]) => lab.make("option", { value, textContent: text })));
    };
    select.addEventListener("change", () => state.set({ [control.name]: select.value }, "tool"));
    const show = () => {
      offer();
      select.value = state.get(control.name);
    };
    return { node: lab.make("label", { className: "tool", title: control.help }, lab.make("span", { textContent: control.label }), select), show };
  };

  // A table of texts: heads, then rows whose first cell is the row's head (a node or a text).
  lab.plainTable = (caption, heads, rows) => {
    const table = lab.make("table");
    if (caption) table.append(lab.make("caption", { textContent: caption }));
    const head = table.createTHead().insertRow();
    for (const text of heads) head.append(lab.make("th", { scope: "col", textContent: text }));
    const body = table.createTBody();
    for (const [first, ...cells] of rows) {
      const line = body.insertRow();
      line.append(lab.make("th", { scope: "row" }, first));
      for (const cell of cells) line.insertCell().append(cell);
    }
    return table;
  };

  lab.methodName = (name, look, paper) => {
    const swatch = lab.make("canvas", { "aria-hidden": "true" });
    lab.drawSwatch(swatch, look, paper);
    return lab.make("span", { className: "method-name" }, swatch, name);
  };
})();
