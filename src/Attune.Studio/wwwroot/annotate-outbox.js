// Decisions on their way to the studio. Each is kept in the browser until the studio confirms it, and sent again until then: it carries the
// token of its showing or a revision, so it counts once however often it is sent.

const Box = "out:";
const FirstWait = 500;
const LongestWait = 30_000;
const SignedOutWait = 5_000;

export class Outbox {
  #memory;
  #send;
  #tell;
  #entries;
  #running = null;
  #timer = 0;
  #wait = 0;

  /**
   * @param memory where entries are kept
   * @param send (method, path, body) → {status, body}; throws when the studio is not reached
   * @param tell {state(name), saved(entry, body), refused(entry, status, message)}
   */
  constructor(memory, send, tell) {
    [this.#memory, this.#send, this.#tell] = [memory, send, tell];
    this.#entries = memory.keys(Box).map(key => memory.get(key)).filter(entry => entry).sort((a, b) => a.at - b.at);
    addEventListener("online", () => this.flush());
  }

  get size() {
    return this.#entries.length;
  }

  has(token) {
    return this.#entries.some(entry => entry.id === token);
  }

  /** @param entry {id, method, path, body, …}; the same id replaces what was not sent yet. */
  add(entry) {
    entry.at = Date.now();
    this.#entries = [...this.#entries.filter(other => other.id !== entry.id), entry];
    this.#memory.set(Box + entry.id, entry);
    this.flush();
  }

  /** Sends what is there. @returns a promise of whether all was sent. */
  flush() {
    this.#running ??= this.#run().finally(() => this.#running = null);
    return this.#running;
  }

  async #run() {
    clearTimeout(this.#timer);
    while (this.#entries.length > 0)
      if (!await this.#deliver(this.#entries[0]))
        return false;
    return true;
  }

  async #deliver(entry) {
    if (this.#wait === 0)
      this.#tell.state("saving");
    const { status, body } = await this.#send(entry.method, entry.path, entry.body).catch(() => ({ status: 0 }));
    if (status === 401)
      return this.#later("signed-out", SignedOutWait);
    if (status === 0 || status === 408 || status === 429 || status >= 500)
      return this.#later("waiting", this.#wait = Math.min(LongestWait, Math.max(FirstWait, this.#wait * 2)));
    this.#wait = 0;
    this.#entries = this.#entries.filter(other => other !== entry);
    this.#memory.remove(Box + entry.id);
    this.#tell.state(this.#entries.length > 0 ? "saving" : "saved");
    if (status < 300)
      this.#tell.saved(entry, body);
    else
      this.#tell.refused(entry, status, body?.error ?? "It was refused.");
    return true;
  }

  #later(state, wait) {
    this.#tell.state(state);
    this.#timer = setTimeout(() => this.flush(), wait * (0.75 + Math.random() / 2));
    return false;
  }
}
