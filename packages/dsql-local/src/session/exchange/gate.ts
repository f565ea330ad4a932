/** Lets one piece of work at a time through, in the order of asking. */
export class Gate {
  #last: Promise<unknown> = Promise.resolve();
  #inside = 0;

  get isFree(): boolean {
    return this.#inside === 0;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#inside++;
    const result = (this.#inside === 1 ? work() : this.#last.then(work)).finally(() => {
      this.#inside--;
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
