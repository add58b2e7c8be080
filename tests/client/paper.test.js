// The page Paper's charts: what the server tells becomes what is drawn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chartData } from "../../assets/paper/chart_data.js";

const LOOK = { colour: "#000", dash: "", marker: "circle", width: 2, colour_on_dark: "" };
const line = (/** @type {object} */ more) => ({ name: "A", look: "A", x: [1, 10], y: [2, null], dots: false, ...more });
const chart = (/** @type {object} */ more) => ({ id: "c", x: "steps", y: "loss", log_x: false, log_y: true, series: [line({})], ...more });

test("axes and series are taken over", () => {
  const { x, y, series } = chartData(chart({}), { A: LOOK });
  assert.deepEqual([x, y], [{ title: "steps", log: false }, { log: true }]);
  assert.deepEqual(series, [{ name: "A", x: [1, 10], y: [2, null], look: LOOK, line: true, points: false }]);
});

test("dots are markers without a line; over a logarithmic axis each point has one", () => {
  assert.deepEqual(
    chartData(chart({ series: [line({ dots: true })] }), { A: LOOK }).series.map((one) => [one.line, one.points]),
    [[false, true]],
  );
  assert.equal(chartData(chart({ log_x: true }), { A: LOOK }).series[0]?.points, true);
});

test("a series without a look is left out", () => {
  assert.deepEqual(chartData(chart({}), {}).series, []);
});
