// How long somebody works on an item: only while the page is seen, and not longer than a minute behind the last sign of life.

const Idle = 60_000;

export class Clock {
  #spent = 0;
  #last = performance.now();
  #touched = performance.now();
  #seen = document.visibilityState === "visible";

  constructor() {
    for (const sign of ["keydown", "pointerdown", "pointermove", "wheel", "scroll"])
      addEventListener(sign, () => this.#touch(), { capture: true, passive: true });
    document.addEventListener("visibilitychange", () => this.#touch());
    setInterval(() => this.#advance(), 1000);
  }

  get seconds() {
    this.#advance();
    return Math.round(this.#spent / 100) / 10;
  }

  begin(seconds) {
    this.#touch();
    this.#spent = seconds * 1000;
  }

  #touch() {
    this.#advance();
    this.#touched = performance.now();
  }

  #advance() {
    const now = performance.now();
    if (this.#seen)
      this.#spent += Math.max(0, Math.min(now, this.#touched + Idle) - this.#last);
    this.#last = now;
    this.#seen = document.visibilityState === "visible";
  }
}
