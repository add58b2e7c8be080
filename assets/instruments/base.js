// What every instrument shares: it asks for its answer, in parts or in one, shows it and says that it is complete.
import { Progress } from "./progress.js";

export class Instrument {
  constructor(page, place, name) {
    Object.assign(this, { page, name });
    this.progress = new Progress({
      onPart: (answer, index, of) => {
        page.answered(answer);
        this.part(answer, index, of);
      },
      onBusy: (busy) => place.setAttribute("aria-busy", String(busy)),
      onFailure: (error) => page.failed(error),
    });
  }

  ask() {
    this.progress.ask([{ address: `/instruments/${this.name}`, body: this.page.request() }]);
  }

  stop() {
    this.progress.stop();
  }

  // The answer of an instrument that comes in one part.
  part(answer) {
    this.answer = answer;
    this.show();
    this.complete(this.spoken);
  }

  complete(words) {
    this.page.speak(words);
    document.dispatchEvent(new CustomEvent("pothole:complete", { detail: this.name }));
  }
}
