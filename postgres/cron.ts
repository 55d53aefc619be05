/** Cron expressions as far as schedules of backups need them: five fields, in UTC. */

/** Minutes, hours, days of the month, months, days of the week (0 and 7 are Sunday). */
const FIELDS = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12 },
  { least: 0, most: 7 },
] as const;

type Range = typeof FIELDS[number];

export interface Schedule {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Whether a day counts, given at its midnight. */
  readonly isDue: (day: Date) => boolean;
}

/** A day of 29 February may be eight years away. */
const MOST_DAYS = 8 * 366 + 1;
const DAY_MS = 86_400_000;

/** What an expression means; undefined when it is none. Names of days and months are not taken. */
export function parseCron(expression: string): Schedule | undefined {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) return undefined;
  const [minutes, hours, days, months, weekdays] = FIELDS.map((range, at) =>
    valuesOf(parts[at] ?? "", range)
  );
  if (minutes === undefined || hours === undefined) return undefined;
  if (days === undefined || months === undefined || weekdays === undefined) return undefined;
  const [, , day = "", , weekday = ""] = parts;
  const isOpen = day.startsWith("*") || weekday.startsWith("*");
  return {
    minutes,
    hours,
    isDue: (date) => {
      if (!months.includes(date.getUTCMonth() + 1)) return false;
      const ofMonth = days.includes(date.getUTCDate());
      const ofWeek = weekdays.some((each) => each % 7 === date.getUTCDay());
      // When both are restricted either is enough, as cron has it.
      return isOpen ? ofMonth && ofWeek : ofMonth || ofWeek;
    },
  };
}

function valuesOf(text: string, range: Range): number[] | undefined {
  const pieces = text.split(",").map((piece) => pieceOf(piece, range));
  if (pieces.some((piece) => piece === undefined)) return undefined;
  return [...new Set(pieces.flatMap((piece) => piece ?? []))].sort((a, b) => a - b);
}

function pieceOf(text: string, { least, most }: Range): number[] | undefined {
  const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(text);
  if (found === null) return undefined;
  const [, first, last, stride] = found;
  const from = Number(first ?? least);
  const open = first === undefined || stride !== undefined ? most : from;
  const to = Number(last ?? open);
  const by = Number(stride ?? 1);
  return isSound(from >= least, to <= most, from <= to, by >= 1) ? every(from, to, by) : undefined;
}

function isSound(...facts: readonly boolean[]): boolean {
  return facts.every((fact) => fact);
}

function every(from: number, to: number, by: number): number[] {
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, at) => from + at * by);
}

/** The latest time of the schedule that is not after `now`; undefined when there is none in eight years. */
export function latestDue(schedule: Schedule, now: Date): Date | undefined {
  return search(schedule, now, { step: -1, accept: (time) => time <= now.getTime() });
}

/** The first time of the schedule after `now`; undefined when there is none in eight years. */
export function nextDue(schedule: Schedule, now: Date): Date | undefined {
  return search(schedule, now, { step: 1, accept: (time) => time > now.getTime() });
}

interface Search {
  readonly step: 1 | -1;
  readonly accept: (time: number) => boolean;
}

function search(schedule: Schedule, now: Date, { step, accept }: Search): Date | undefined {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  for (let day = 0; day <= MOST_DAYS; day++) {
    const midnight = today + step * day * DAY_MS;
    if (!schedule.isDue(new Date(midnight))) continue;
    const found = timesOf(schedule, midnight).filter(accept);
    const time = step > 0 ? found[0] : found.at(-1);
    if (time !== undefined) return new Date(time);
  }
  return undefined;
}

function timesOf({ hours, minutes }: Schedule, midnight: number): number[] {
  return hours.flatMap((hour) => minutes.map((minute) => midnight + (hour * 60 + minute) * 60_000));
}
