/** Cuts a stream of bytes into lines. */

/** A line longer than this is no watch event of a sane object (etcd refuses objects above 1.5 MiB by default). */
const LONGEST_LINE = 16 * 1024 * 1024;

/** The body ended in the middle of a line: the last event did not arrive whole. */
export class TruncatedLine extends Error {
  override readonly name = "TruncatedLine";
}

/**
 * Turns chunks into lines of text. Chunks may end anywhere, also within a UTF-8 character.
 * Memory is bounded by the longest line, not by the stream.
 */
export class LineCutter {
  #decoder = new TextDecoder();
  #rest: string[] = [];
  #restLength = 0;

  /**
   * The lines that `chunk` completes, without their newlines and without empty lines.
   * @throws RangeError when a line exceeds 16 MiB.
   */
  push(chunk: Uint8Array): string[] {
    const parts = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const last = parts.pop() ?? "";
    if (parts.length > 0) {
      parts[0] = this.#rest.join("") + parts[0];
      this.#rest = [];
      this.#restLength = 0;
    }
    if (last !== "") {
      this.#rest.push(last);
      this.#restLength += last.length;
    }
    if (this.#restLength > LONGEST_LINE) {
      throw new RangeError(`Cannot read a line as it is longer than ${LONGEST_LINE} characters`);
    }
    return parts.filter((line) => line !== "");
  }

  /** @throws TruncatedLine when bytes of an unfinished line remain at the end of the stream. */
  end(): void {
    if (this.#restLength > 0) {
      throw new TruncatedLine(
        `The stream ended within a line, ${this.#restLength} characters after its start`,
      );
    }
  }
}
