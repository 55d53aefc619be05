/**
 * One clock for each connection of a server: what it waits for next has so long. Deno's `node:http` and `node:https` take
 * `headersTimeout` and `requestTimeout`, and do nothing about them.
 */
import type { Socket } from "node:net";

export class ConnectionClocks {
  readonly #timers = new Map<Socket, ReturnType<typeof setTimeout> | undefined>();

  /** Takes a connection that has just been made, and closes it after this many milliseconds. */
  admit(socket: Socket, milliseconds: number): void {
    this.#timers.set(socket, undefined);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.stop(socket);
      this.#timers.delete(socket);
    });
    this.closeAfter(socket, milliseconds);
  }

  /** Sets the clock of a connection anew, in milliseconds. */
  closeAfter(socket: Socket, milliseconds: number): void {
    if (!this.#timers.has(socket)) return;
    clearTimeout(this.#timers.get(socket));
    this.#timers.set(socket, setTimeout(() => socket.destroy(), milliseconds));
  }

  /** Lets a connection be, until its clock is set anew: it is our turn. */
  stop(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
  }

  /** Closes every connection. */
  closeAll(): void {
    for (const socket of [...this.#timers.keys()]) {
      this.stop(socket);
      socket.destroy();
    }
    this.#timers.clear();
  }
}
