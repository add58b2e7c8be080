// Sliders, number fields and choices, built from the table of controls. They tell the state what a person wants, and
// show the state when somebody else changed it.
(() => {
  const lab = (window.potholeLab ??= {});
  const DIGITS = 3; // a slider on a logarithmic scale gives round values; the number field keeps more

  lab.Widgets = class {
    constructor(state) {
      this.state = state;
      this.shown = new Map(); // name → { control, show(value) }
      state.listen((changed, source) => {
        for (const name of changed) this.show(name, source);
      });
    }

    // Put widgets for these controls into a place, in place of what was there.
    build(place, controls) {
      for (const row of place.children) this.shown.delete(row.dataset.control);
      place.replaceChildren(
        ...controls.map((control) => {
          const widget = (control.kind === "choice" ? choice : number)(control, (value, source) =>
            this.state.set({ [control.name]: value }, source),
          );
          this.shown.set(control.name, { control, show: widget.show });
          return widget.row;
        }),
      );
      for (const control of controls) this.show(control.name);
    }

    show(name, source) {
      const value = this.state.get(name);
      if (value !== undefined) this.shown.get(name)?.show(value, source);
    }
  };

  function element(tag, properties = {}, attributes = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  function row(control, ...parts) {
    const words = [element("span", { textContent: control.label })];
    if (control.symbol) words.push(element("span", { className: "symbol", textContent: control.symbol }));
    if (control.unit) words.push(element("span", { className: "unit", textContent: control.unit }));
    const label = element("span", { className: "control-label" }, { "data-help": control.help }, ...words);
    const [field, ...below] = parts;
    const head = element("div", { className: "control-head" }, {}, label, ...(field ? [field] : []));
    return element("div", { className: "control" }, { "data-control": control.name }, head, ...below);
  }

  function number(control, tell) {
    const described = { "aria-label": control.title, "aria-description": control.help };
    const field = element(
      "input",
      { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false, className: "field" },
      { ...described, "data-field": control.name },
    );
    const slider = element(
      "input",
      { type: "range", min: control.low, max: control.high, step: control.slider_step, className: "slider" },
      described,
    );
    const fill = () => {
      const part = (slider.value - control.low) / (control.high - control.low);
      slider.style.setProperty("--fill", `${100 * part}%`);
    };
    let current = null;
    slider.addEventListener("input", () => {
      fill();
      tell(fromPosition(control, Number(slider.value)), "slider");
    });
    field.addEventListener("change", () => {
      const text = field.value.trim().replace(",", ".").replace("−", "-");
      const value = Number(text);
      if (text === "" || !Number.isFinite(value)) {
        lab.notices("field", [`${control.title} must be ${control.wants}, not ${text ? `the text “${field.value}”` : "nothing"}.`], "error");
        field.value = current;
        return;
      }
      lab.notices("field", []);
      field.value = String(onGrid(control, value));
      tell(onGrid(control, value), "field");
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") field.blur();
      if (event.key === "Escape") field.value = current;
    });
    const show = (value, source) => {
      current = String(value);
      field.value = current;
      slider.setAttribute("aria-valuetext", `${value} ${control.unit}`.trim());
      if (source === "slider") return;
      slider.value = toPosition(control, value);
      fill();
    };
    return { row: row(control, field, slider), show };
  }

  function choice(control, tell) {
    const select = control.options.length > 3;
    const place = select
      ? element("select", { className: "select" }, { "aria-label": control.title })
      : element("div", { className: "segments" }, { role: "radiogroup", "aria-label": control.title });
    for (const [value, label] of control.options) {
      if (select) {
        place.append(element("option", { value, textContent: label }));
        continue;
      }
      const radio = element("input", { type: "radio", name: control.name, value });
      place.append(element("label", { className: "segment" }, {}, radio, element("span", { textContent: label })));
    }
    place.addEventListener("change", (event) => tell(event.target.value, "choice"));
    const show = (value) => {
      if (select) place.value = value;
      else for (const radio of place.querySelectorAll("input")) radio.checked = radio.value === value;
    };
    return { row: select ? element("div", { className: "control" }, { "data-control": control.name }, place) : row(control, null, place), show };
  }

  // A typed value as the server keeps it: what the field shows is what is computed. Out of range is the server's to say.
  function onGrid(control, value) {
    if (value < control.minimum || value > control.maximum) return value;
    if (control.scale !== "linear") {
      const small = control.scale === "log or zero" && value < control.smallest;
      return small ? 0 : Number(value.toPrecision(control.digits));
    }
    const decimals = Math.max(0, 2 - Math.floor(Math.log10(control.step)));
    const kept = Number((Math.round(value / control.step) * control.step).toFixed(decimals));
    return Math.min(Math.max(kept, control.minimum), control.maximum) + 0;
  }

  function toPosition(control, value) {
    if (control.scale === "linear") return value;
    if (!(value > 0)) return control.low;
    return Math.min(Math.max(Math.log10(value), control.low), control.high);
  }

  function fromPosition(control, position) {
    if (control.scale === "linear") return Number(position.toPrecision(9));
    const value = 10 ** position;
    if (control.scale === "log or zero" && value < control.smallest * 0.999) return 0;
    return Math.min(Math.max(Number(value.toPrecision(DIGITS)), control.minimum), control.maximum);
  }
})();
