// What the browser remembers for a person and a project. Where it may not, the page works as long as it is open.

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

  /** @returns whether it will survive a reload. */
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
      // nothing was kept
    }
  }

  keys(beginning) {
    try {
      return Object.keys(localStorage).filter(key => key.startsWith(this.#prefix + beginning)).map(key => key.slice(this.#prefix.length));
    } catch {
      return [];
    }
  }
}
