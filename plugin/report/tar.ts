/** Archives in the format `ustar` of POSIX.1-1988, which every tar reads. */

export interface TarFile {
  /** With forward slashes, at most 255 bytes; longer ones do not fit the format. */
  readonly path: string;
  readonly content: string;
}

const BLOCK = 512;

/** Two empty blocks end an archive. */
const END = new Uint8Array(2 * BLOCK);

/** @param time of all files, so that the archive follows from its content alone */
export function tar(files: readonly TarFile[], time: Date): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = files.flatMap(({ path, content }) => {
    const body = encoder.encode(content);
    const padding = new Uint8Array((BLOCK - body.length % BLOCK) % BLOCK);
    return [header(path, body.length, time), body, padding];
  });
  return joined([...parts, END]);
}

/** The archive compressed by gzip. */
export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Offsets of the fields of a header. */
const FIELDS = {
  mode: 100,
  owner: 108,
  group: 116,
  size: 124,
  time: 136,
  sum: 148,
  type: 156,
  magic: 257,
  prefix: 345,
};

function header(path: string, size: number, time: Date): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  const { name, prefix } = split(path);
  put(name, 0);
  put(octal(0o600, 7), FIELDS.mode);
  put(octal(0, 7), FIELDS.owner);
  put(octal(0, 7), FIELDS.group);
  put(octal(size, 11), FIELDS.size);
  put(octal(Math.floor(time.getTime() / 1_000), 11), FIELDS.time);
  put("0", FIELDS.type);
  put("ustar\u000000", FIELDS.magic);
  put(prefix, FIELDS.prefix);
  // The sum is taken while its own field holds blanks.
  put(" ".repeat(8), FIELDS.sum);
  put(`${octal(block.reduce((sum, byte) => sum + byte, 0), 6)}\u0000 `, FIELDS.sum);
  return block;
}

/** @throws RangeError for a path that does not fit */
function split(path: string): { readonly name: string; readonly prefix: string } {
  if (path.length <= 100) return { name: path, prefix: "" };
  const at = path.indexOf("/", path.length - 101);
  if (at < 0 || at > 155) throw new RangeError(`Cannot archive ${path} as its name is too long`);
  return { name: path.slice(at + 1), prefix: path.slice(0, at) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
