// Values in localStorage, under a prefix for the annotator and the project. Without localStorage the page works until it is closed.

export class Memory {
  #prefix;

  constructor(prefix) {
    this.#prefix = prefix;
  }

  get(key) {
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + key));
    } catch {
      return null;
    }
  }

  /** @returns whether the value was stored. */
  set(key, value) {
    try {
      localStorage.setItem(this.#prefix + key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  remove(key) {
    try {
      localStorage.removeItem(this.#prefix + key);
    } catch {
      // localStorage is full or not available
    }
  }

  keys(start) {
    try {
      return Object.keys(localStorage).filter(key => key.startsWith(this.#prefix + start)).map(key => key.slice(this.#prefix.length));
    } catch {
      return [];
    }
  }
}
