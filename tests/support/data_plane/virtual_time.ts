/** Time of a data plane: it passes faster than ours, and can be held. */

export class VirtualTime {
  #seconds = 0;
  #last = performance.now();
  #frozen = false;

  /** @param speed seconds that pass in one of ours */
  constructor(readonly speed: number) {}

  /** Seconds since the start. */
  get now(): number {
    return this.#seconds;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Takes in what passed since the last turn. */
  turn(): void {
    const now = performance.now();
    if (!this.#frozen) this.#seconds += ((now - this.#last) / 1000) * this.speed;
    this.#last = now;
  }

  freeze(): void {
    this.turn();
    this.#frozen = true;
  }

  thaw(): void {
    this.turn();
    this.#frozen = false;
  }
}
