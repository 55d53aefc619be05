/** Keeps a status that changes in words only from being written again and again while its object comes up. */
import type { Clock } from "./clock.ts";
import { isRecord } from "./errors.ts";

export class StatusRest {
  /** Monotonic milliseconds of the last write, by key. */
  readonly #written = new Map<string, number>();

  /** @param restMs see `Controller.statusRestMs` */
  constructor(
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly restMs: ((status: Readonly<Record<string, unknown>>) => number) | undefined,
  ) {}

  /** For how long a status is to wait, in milliseconds; 0 when it may be written. */
  waitMs(key: string, before: unknown, now: Readonly<Record<string, unknown>>): number {
    const last = this.#written.get(key);
    if (last === undefined || this.restMs === undefined || saysOf(before) !== saysOf(now)) return 0;
    return Math.max(0, last + this.restMs(now) - this.clock.monotonic());
  }

  wrote(key: string): void {
    if (this.restMs !== undefined) this.#written.set(key, this.clock.monotonic());
  }

  forget(key: string): void {
    this.#written.delete(key);
  }
}

/** The parts of a status that people and programs act on at once. */
function saysOf(status: unknown): string {
  if (!isRecord(status)) return "";
  const { phase, observedGeneration, conditions } = status;
  const said = Array.isArray(conditions) ? conditions.filter(isRecord) : [];
  return JSON.stringify([
    phase,
    observedGeneration,
    said.map(({ type, status, reason }) => [type, status, reason].map(String)),
  ]);
}
