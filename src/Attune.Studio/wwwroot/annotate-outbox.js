// Decisions to send to the studio. Each is stored in the browser and sent until the studio confirms it. It has the token of its
// item or the revision that it changes, so it counts once even if it is sent several times.

const KeyPrefix = "out:";
const FirstWait = 500;
const LongestWait = 30_000;
const SignedOutWait = 5_000;

export class Outbox {
  #memory;
  #send;
  #events;
  #entries;
  #running = null;
  #timer = 0;
  #wait = 0;

  /**
   * @param memory where entries are stored
   * @param send (method, path, body) → {status, body}; throws when the studio cannot be reached
   * @param events {state(name), saved(entry, body), refused(entry, status, message, kept)}
   */
  constructor(memory, send, events) {
    [this.#memory, this.#send, this.#events] = [memory, send, events];
    this.#entries = memory.keys(KeyPrefix).map(key => memory.get(key)).filter(entry => entry).sort((a, b) => a.at - b.at);
    addEventListener("online", () => this.flush());
  }

  get size() {
    return this.#entries.length;
  }

  has(token) {
    return this.#entries.some(entry => entry.id === token);
  }

  /** @param entry {id, method, path, body, …}; it replaces an unsent entry with the same id. */
  add(entry) {
    entry.at = Date.now();
    this.#entries = [...this.#entries.filter(other => other.id !== entry.id), entry];
    this.#memory.set(KeyPrefix + entry.id, entry);
    this.flush();
  }

  /** Sends all entries. @returns a promise of whether all were sent. */
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
      this.#events.state("saving");
    const { status, body } = await this.#send(entry.method, entry.path, entry.body).catch(() => ({ status: 0 }));
    if (status === 401)
      return this.#retryLater("signed-out", SignedOutWait);
    if (status === 0 || status === 408 || status === 429 || status >= 500)
      return this.#retryLater("waiting", this.#wait = Math.min(LongestWait, Math.max(FirstWait, this.#wait * 2)));
    this.#wait = 0;
    this.#entries = this.#entries.filter(other => other !== entry);
    this.#memory.remove(KeyPrefix + entry.id);
    this.#events.state(this.#entries.length > 0 ? "saving" : status < 300 ? "saved" : "refused");
    if (status < 300)
      this.#events.saved(entry, body);
    else
      this.#events.refused(entry, status, body?.error ?? "The studio refused it.", body?.kept);
    return true;
  }

  #retryLater(state, wait) {
    this.#events.state(state);
    this.#timer = setTimeout(() => this.flush(), wait * (0.75 + Math.random() / 2));
    return false;
  }
}
