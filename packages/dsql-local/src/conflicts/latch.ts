type Release = () => void;
interface Waiter {
  shared: boolean;
  enter: (release: Release) => void;
}

/** Many may share it, or one may have it alone; first come, first served. */
export class Latch {
  #sharing = 0;
  #alone = false;
  readonly #waiting: Waiter[] = [];

  /** @returns what gives it back; calling it twice is harmless. */
  share(): Promise<Release> | Release {
    return this.#enter(true);
  }

  takeAlone(): Promise<Release> | Release {
    return this.#enter(false);
  }

  #enter(shared: boolean): Promise<Release> | Release {
    if (this.#waiting.length === 0 && this.#admits(shared)) return this.#admit(shared);
    return new Promise((enter) => this.#waiting.push({ shared, enter }));
  }

  #admits(shared: boolean): boolean {
    return !this.#alone && (shared || this.#sharing === 0);
  }

  #admit(shared: boolean): Release {
    if (shared) this.#sharing++;
    else this.#alone = true;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (shared) this.#sharing--;
      else this.#alone = false;
      for (let next = this.#waiting[0]; next && this.#admits(next.shared); next = this.#waiting[0]) {
        this.#waiting.shift();
        next.enter(this.#admit(next.shared));
      }
    };
  }
}
