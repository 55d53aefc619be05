/**
 * One clock for each connection of a server: what it waits for next has so long. Deno's `node:http` and `node:https` take
 * `headersTimeout` and `requestTimeout`, and do nothing about them.
 *
 * All clocks share one timer, set for the first that runs out: a timer of its own would be made anew with each request.
 */
import type { Socket } from "node:net";

export class ConnectionClocks {
  /** When each connection is closed, by `performance.now()`; `Infinity` for those that are let be. */
  readonly #ends = new Map<Socket, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerEnd = Infinity;

  /** Takes a connection that has just been made, and closes it after this many milliseconds. */
  admit(socket: Socket, milliseconds: number): void {
    this.#ends.set(socket, Infinity);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#forget(socket));
    this.closeAfter(socket, milliseconds);
  }

  /** Sets the clock of a connection anew, in milliseconds. */
  closeAfter(socket: Socket, milliseconds: number): void {
    if (!this.#ends.has(socket)) return;
    const end = performance.now() + milliseconds;
    this.#ends.set(socket, end);
    if (end < this.#timerEnd) this.#wakeAt(end);
  }

  /** Lets a connection be, until its clock is set anew: it is our turn. */
  stop(socket: Socket): void {
    if (this.#ends.has(socket)) this.#ends.set(socket, Infinity);
  }

  /** Closes every connection. */
  closeAll(): void {
    for (const socket of [...this.#ends.keys()]) {
      this.#forget(socket);
      socket.destroy();
    }
  }

  #forget(socket: Socket): void {
    this.#ends.delete(socket);
    if (this.#ends.size === 0) this.#wakeAt(Infinity);
  }

  #wakeAt(end: number): void {
    clearTimeout(this.#timer);
    this.#timerEnd = end;
    if (end === Infinity) return;
    this.#timer = setTimeout(() => this.#closeDue(), Math.max(0, Math.ceil(end - performance.now())));
  }

  #closeDue(): void {
    const now = performance.now();
    for (const [socket, end] of [...this.#ends]) if (end <= now) socket.destroy();
    this.#timerEnd = Infinity;
    const left = [...this.#ends.values()].filter((end) => end > now);
    if (left.length > 0) this.#wakeAt(Math.min(...left));
  }
}
