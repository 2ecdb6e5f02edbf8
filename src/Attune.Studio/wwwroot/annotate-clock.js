// Measures the time that an annotator works on an item: it runs while the page is visible, and stops a minute after the last input.

const IdleAfter = 60_000;     // milliseconds

export class Clock {
  #spent = 0;
  #last = performance.now();
  #lastInput = performance.now();
  #visible = document.visibilityState === "visible";

  constructor() {
    for (const type of ["keydown", "pointerdown", "pointermove", "wheel", "scroll"])
      addEventListener(type, () => this.#inputReceived(), { capture: true, passive: true });
    document.addEventListener("visibilitychange", () => this.#inputReceived());
    setInterval(() => this.#advance(), 1000);
  }

  get seconds() {
    this.#advance();
    return Math.round(this.#spent / 100) / 10;
  }

  begin(seconds) {
    this.#inputReceived();
    this.#spent = seconds * 1000;
  }

  #inputReceived() {
    this.#advance();
    this.#lastInput = performance.now();
  }

  #advance() {
    const now = performance.now();
    if (this.#visible)
      this.#spent += Math.max(0, Math.min(now, this.#lastInput + IdleAfter) - this.#last);
    this.#last = now;
    this.#visible = document.visibilityState === "visible";
  }
}
