// Numbers as text.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.formatNumber = (value, digits = 3) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e5 || size < 1e-3) {
      const [mantissa, exponent] = value.toExponential(Math.min(2, digits - 1)).split("e");
      return `${Number(mantissa)}e${Number(exponent)}`.replace("-", "−").replace("e-", "e−");
    }
    return String(Number(value.toPrecision(digits))).replace("-", "−");
  };

  lab.formatCount = (value) =>
    value === null || value === undefined ? "–" : String(value).replace(/\B(?=(\d{3})+$)/g, "\u2009");

  // Places of at most `count` round ticks in [low, high].
  lab.ticks = (low, high, count) => {
    const span = high - low;
    if (!(span > 0)) return [low];
    const raw = span / count;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
    const places = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k += 1) places.push(k * step);
    return places;
  };
})();
