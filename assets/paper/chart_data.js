// A chart as the server tells it, in the form in which it is drawn.

/**
 * Series whose look is not known are left out.
 * @param {import("../core/contract.js").PaperChart} told
 * @param {import("../core/scheme.js").Looks} looks
 * @returns {import("../draw/chart.js").ChartData}
 */
export function chartData({ x, log_x: logX, log_y: logY, series }, looks) {
  return {
    x: { title: x, log: logX },
    y: { log: logY },
    series: series.flatMap((one) => {
      const look = looks[one.look];
      return look ? [{ name: one.name, x: one.x, y: one.y, look, line: !one.dots, points: one.dots || logX }] : [];
    }),
  };
}
