/** The database itself: from what is to what is to be done. */
import { objectionToName, quoteIdentifier, quoteLiteral } from "../../postgres/sql/quote.ts";
import { type Claim, claimOf } from "./claims.ts";
import { type Deed, nothingPlanned, type Planned, problemPlan, sql } from "./deeds.ts";
import type { SeenDatabase, SeenServer } from "./look_server.ts";
import { withMark } from "./marks.ts";
import { markFor, type Order } from "./order.ts";

export interface DatabaseView {
  readonly order: Order;
  readonly server: SeenServer;
  readonly isAlive: (uid: string) => boolean;
  /** Whether the object's status said before that its database is there. */
  readonly wasThere: boolean;
}

/** A limit of this value: `DROP DATABASE` was interrupted (`DATCONNLIMIT_INVALID_DB`). */
const INVALID = -2;

/**
 * Under which name a database is made. `CREATE DATABASE` is its own transaction, so it cannot be marked in the same one;
 * but renaming and marking can. Until then this name, which nobody else gives, says whose it is.
 */
export function temporaryName({ uid }: Pick<Order, "uid">): string {
  return `matriarch_${uid}`;
}

/**
 * An owner that cannot exist leaves everything as it is. Otherwise:
 *
 * | wanted name             | temporary name | what happens                                        |
 * | ----------------------- | -------------- | --------------------------------------------------- |
 * | absent                  | absent         | made under the temporary name, then renamed, marked |
 * | absent                  | there          | renamed and marked                                  |
 * | there, but not for us   | any            | refused: see `claims.ts`                            |
 * | there                   | any            | owner and limit are put right                       |
 * | there                   | there          | the temporary one, which nobody has used, goes      |
 */
export function planDatabase(view: DatabaseView): Planned {
  const { order, server } = view;
  const { name } = order.spec.database;
  const seen = server.databases.find((each) => each.name === name);
  const half = server.databases.find((each) => each.name === temporaryName(order));
  if (objectionToName(order.spec.database.owner) !== undefined) {
    const message = `Cannot have database ${name} as its owner cannot be made. Correct spec.database.owner.`;
    return problemPlan({ about: "database", reason: "OwnerInvalid", message });
  }
  if (seen === undefined) return { ...nothingPlanned, deeds: [creation(order, half)] };
  const left: Deed[] = half === undefined ? [] : [{
    about: "database",
    describe: `drop database ${half.name}, which was not finished`,
    steps: [sql(`DROP DATABASE ${quoteIdentifier(half.name)}`)],
  }];
  const kept = upkeep(seen, view);
  return { ...kept, deeds: [...kept.deeds, ...left] };
}

function creation(order: Order, half: SeenDatabase | undefined): Deed {
  const { name, owner, encoding, locale, connectionLimit } = order.spec.database;
  const temporary = quoteIdentifier(temporaryName(order));
  const settings = [
    `OWNER ${quoteIdentifier(owner)}`,
    // Another encoding or locale than that of template1 can only be had from the template that is known to be empty.
    ...(encoding === undefined && locale === undefined ? [] : ["TEMPLATE template0"]),
    ...(encoding === undefined ? [] : [`ENCODING ${quoteLiteral(encoding)}`]),
    ...(locale === undefined ? [] : [`LOCALE ${quoteLiteral(locale)}`]),
    ...(connectionLimit === undefined ? [] : [`CONNECTION LIMIT ${connectionLimit}`]),
  ];
  const made = half !== undefined && half.connectionLimit !== INVALID;
  const remnant = half !== undefined && !made ? [sql(`DROP DATABASE ${temporary}`)] : [];
  return {
    about: "database",
    describe: `create database ${name}`,
    steps: [
      ...remnant,
      ...(made ? [] : [sql(`CREATE DATABASE ${temporary} ${settings.join(" ")}`)]),
      sql(
        `ALTER DATABASE ${temporary} RENAME TO ${quoteIdentifier(name)}`,
        commentOn(name, undefined, order, true),
      ),
    ],
  };
}

function upkeep(seen: SeenDatabase, { order, isAlive, wasThere }: DatabaseView): Planned {
  const { database } = order.spec;
  const { name } = database;
  const claim = claimOf(
    { what: `database ${name}`, comment: seen.comment, proven: wasThere },
    order,
    isAlive,
  );
  if (claim.kind === "refused") {
    return problemPlan({ about: "database", reason: "DatabaseTaken", message: claim.message });
  }
  if (seen.connectionLimit === INVALID) {
    const message =
      `Cannot use database ${name} as a DROP DATABASE was interrupted: drop it by hand to have it made anew.`;
    return problemPlan({ about: "database", reason: "DatabaseInvalid", message });
  }
  const texts = changesTo(seen, claim, order);
  const describe = `${claim.kind === "adopt" ? "take over" : "put in order"} database ${name}`;
  const deeds: Deed[] = texts.length === 0 ? [] : [{ about: "database", describe, steps: [sql(...texts)] }];
  return { deeds, problems: [], remarks: remarksOn(seen, database) };
}

function changesTo(seen: SeenDatabase, claim: Claim, order: Order): string[] {
  const { name, owner, connectionLimit } = order.spec.database;
  const quoted = quoteIdentifier(name);
  const made = claim.kind === "ours" && claim.made;
  const limit = connectionLimit ?? (made ? -1 : seen.connectionLimit);
  const texts: string[] = [];
  if (claim.kind === "adopt") texts.push(commentOn(name, seen.comment, order, false));
  if (seen.owner !== owner) texts.push(`ALTER DATABASE ${quoted} OWNER TO ${quoteIdentifier(owner)}`);
  if (seen.connectionLimit !== limit) texts.push(`ALTER DATABASE ${quoted} CONNECTION LIMIT ${limit}`);
  return texts;
}

/** Encoding and locale are for life. */
function remarksOn(seen: SeenDatabase, { encoding, locale }: Order["spec"]["database"]): string[] {
  const differs = (wanted: string | undefined, found: string | undefined) =>
    wanted !== undefined && found !== undefined && plain(wanted) !== plain(found);
  const remedy = "PostgreSQL cannot change it: set it back, or dump the data into a new database";
  return [
    ...(differs(encoding, seen.encoding)
      ? [`spec.database.encoding is ${encoding}, but the database has ${seen.encoding}; ${remedy}.`]
      : []),
    ...(differs(locale, seen.locale)
      ? [`spec.database.locale is ${locale}, but the database has ${seen.locale}; ${remedy}.`]
      : []),
  ];
}

/** `UTF-8` and `utf8` are the same to PostgreSQL. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

function commentOn(name: string, comment: string | undefined, order: Order, made: boolean): string {
  return `COMMENT ON DATABASE ${quoteIdentifier(name)} IS ${
    quoteLiteral(withMark(comment, markFor(order, made)))
  }`;
}
