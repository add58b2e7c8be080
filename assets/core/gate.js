// The latest-wins gate: at most one request in flight; of what is asked meanwhile only the newest is sent next.
// A request that takes longer than the time-out is aborted, so that a lost answer never closes the gate for good.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.LatestWinsGate = class {
    constructor(send, { onAnswer, onFailure, timeout = 10000 }) {
      Object.assign(this, { send, onAnswer, onFailure, timeout });
      this.waiting = null;
      this.inFlight = null;
      this.sent = 0;
      this.answered = 0;
    }

    get idle() {
      return !this.inFlight && !this.waiting;
    }

    ask(value) {
      this.waiting = { value };
      this.#next();
    }

    // Forget what is under way: its answer is of no use any more.
    cancel() {
      this.waiting = null;
      this.inFlight?.abort();
      this.inFlight = null;
    }

    async #next() {
      if (this.inFlight || !this.waiting) return;
      const { value } = this.waiting;
      this.waiting = null;
      const controller = new AbortController();
      this.inFlight = controller;
      const timer = setTimeout(() => controller.abort(new Error("timeout")), this.timeout);
      this.sent += 1;
      let answer = null;
      let failure = null;
      try {
        answer = await this.send(value, controller.signal);
      } catch (error) {
        failure = error;
      }
      clearTimeout(timer);
      if (this.inFlight !== controller) return; // cancelled: another request may be under way already
      this.inFlight = null;
      // What was asked meanwhile goes out before the answer is drawn, so that the network works while we draw.
      const newer = Boolean(this.waiting);
      this.#next();
      if (failure) this.onFailure?.(failure, value, newer);
      else {
        this.answered += 1;
        this.onAnswer(answer, value, newer);
      }
    }
  };

  lab.Refused = class extends Error {
    constructor(status, problems) {
      super(problems.join(" "));
      Object.assign(this, { status, problems });
    }
  };

  lab.postJson = async (address, value, signal) => {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(value),
      signal,
    });
    if (response.ok) return response.json();
    const problems = await response.json().then((body) => body.problems, () => null);
    throw new lab.Refused(response.status, problems ?? [`The server answered with status ${response.status}.`]);
  };
})();
