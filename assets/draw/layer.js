// A transparent canvas over another element, in CSS pixels, sharp on dense screens.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.Layer = class {
    constructor(parent, className = "layer") {
      this.canvas = document.createElement("canvas");
      this.canvas.className = className;
      this.canvas.setAttribute("aria-hidden", "true");
      parent.append(this.canvas);
      this.context = this.canvas.getContext("2d");
      this.width = 0;
      this.height = 0;
    }

    // Take the size of the parent; true when it changed (which clears the canvas).
    fit() {
      const box = this.canvas.parentElement;
      const ratio = window.devicePixelRatio || 1;
      const width = box.clientWidth;
      const height = box.clientHeight;
      const changed = width !== this.width || height !== this.height || ratio !== this.ratio;
      if (changed) {
        Object.assign(this, { width, height, ratio });
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round(height * ratio);
      }
      this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
      return changed;
    }

    clear() {
      this.context.clearRect(0, 0, this.width, this.height);
    }
  };
})();
