// What a training run has told so far: rows in order, and the lines that charts draw of them.

// What a row may hold or not: a mini-batch's loss, and what is measured now and then.
export const MEASURED = ["loss", "train_loss", "test_loss", "train_accuracy", "test_accuracy"];

export class TrainingCurves {
  constructor(methods) {
    this.methods = methods;
    this.rows = []; // { position, methods: { name: { loss, seconds, evaluations, products, at?, off?, … } } }
    this.marks = []; // { position, settings }
    this.lines = Object.fromEntries(methods.map((name) => [name, new Line()]));
  }

  // Rows come in order, each once; one that is there already is left out.
  add(rows) {
    for (const row of rows) {
      if (this.rows.length && row.position <= this.last.position) continue;
      this.rows.push(row);
      for (const name of this.methods) {
        const values = row.methods[name];
        if (values) this.lines[name].add(row.position, values);
      }
    }
  }

  get last() {
    return this.rows[this.rows.length - 1];
  }

  // Index of the last row at or before a step.
  indexAt(position) {
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rows[middle].position <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // { x, y } of a quantity of a method: arrays of equal length, only where it was measured.
  line(name, key, axis) {
    return this.lines[name].of(key, axis);
  }

  // Where a step lies on an axis, for a method.
  place(name, position, axis) {
    if (axis === "steps") return position;
    const values = this.rows.length ? this.rows[this.indexAt(position)].methods[name] : null;
    return values ? cost(values, axis) : NaN;
  }
}

// What has been spent so far: gradients and curvature products of U's refreshes, or seconds.
const cost = (values, axis) => (axis === "seconds" ? values.seconds : values.evaluations + values.products);

class Line {
  constructor() {
    this.kept = {};
  }

  add(position, values) {
    for (const key of MEASURED) {
      if (!Number.isFinite(values[key])) continue;
      const kept = (this.kept[key] ??= { steps: [], evaluations: [], seconds: [], y: [] });
      kept.steps.push(position);
      kept.evaluations.push(cost(values, "evaluations"));
      kept.seconds.push(cost(values, "seconds"));
      kept.y.push(values[key]);
    }
  }

  of(key, axis) {
    const kept = this.kept[key];
    return kept ? { x: kept[axis], y: kept.y } : { x: [], y: [] };
  }
}
