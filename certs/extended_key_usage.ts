/** What a certificate may be used for. `X509Certificate.keyUsage` tells it in Node, but in Deno it tells something else. */
import type { Usage } from "./authority.ts";

/** The extension's identifier, 2.5.29.37, as it stands in DER. */
const EXTENSION = [0x06, 0x03, 0x55, 0x1d, 0x25];

/** What each identifier of a usage in TLS, 1.3.6.1.5.5.7.3.x, begins with in DER. */
const TLS_USAGE = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03];

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const BOOLEAN = 0x01;

/** The usages in TLS that a certificate (DER) states; other usages are left out. None when it does not say. */
export function tlsUsages(der: Uint8Array): Usage[] {
  const at = find(der, EXTENSION);
  if (at === undefined) return [];
  const rest = new Elements(der.subarray(at + EXTENSION.length));
  const first = rest.next();
  const value = first?.tag === BOOLEAN ? rest.next() : first;
  if (value?.tag !== OCTET_STRING) return [];
  const list = new Elements(value.content).next();
  return list?.tag === SEQUENCE ? [...usagesIn(new Elements(list.content))] : [];
}

function* usagesIn(identifiers: Elements): Generator<Usage> {
  for (let each = identifiers.next(); each !== undefined; each = identifiers.next()) {
    const last = each.content[TLS_USAGE.length];
    if (find(each.content, TLS_USAGE) !== 0) continue;
    if (last === 1) yield "server";
    if (last === 2) yield "client";
  }
}

/** Elements of DER one after the other: a tag, a length, the content. */
class Elements {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** The next element; undefined at the end. Lists of usages are short, so lengths of one or two bytes are enough. */
  next(): { readonly tag: number; readonly content: Uint8Array } | undefined {
    const [tag, short, long] = this.bytes.subarray(this.#at, this.#at + 3);
    if (tag === undefined || short === undefined) return undefined;
    const header = short === 0x81 ? 3 : 2;
    const start = this.#at + header;
    const length = short === 0x81 ? long ?? 0 : short;
    this.#at = start + length;
    return { tag, content: this.bytes.subarray(start, this.#at) };
  }
}

function find(bytes: Uint8Array, pattern: readonly number[]): number | undefined {
  for (let at = bytes.indexOf(pattern[0] ?? 0); at >= 0; at = bytes.indexOf(pattern[0] ?? 0, at + 1)) {
    if (pattern.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return undefined;
}
