/** Runs one function at a time, in the order of the calls: each starts when the previous one has ended, or at once if none is running. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();
  #queued = 0;

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#queued++;
    const result = (this.#queued === 1 ? work() : this.#last.then(work)).finally(() => {
      this.#queued--;
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
