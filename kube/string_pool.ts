/**
 * Keeps one copy of texts that come again and again: names of owners, images, labels, times. Each object that is parsed
 * brings copies of its own; of 10,000 pods they took a quarter of the memory.
 */

/** Texts up to this length are shared by the JSON parser of V8 already. */
const SHORT = 10;

/** Characters that one generation remembers at most (it may exceed this by one text). */
const GENERATION = 128 * 1024;

/**
 * Remembers recent texts in two generations: when the young one is full it becomes the old one, and what the old one
 * held is forgotten unless it was met again meanwhile. So memory is bounded, and deleted objects leave nothing behind.
 */
export class StringPool {
  #young = new Map<string, string>();
  #old = new Map<string, string>();
  #length = 0;

  /** The copy that was met before, or this one. */
  share(text: string): string {
    if (text.length <= SHORT) return text;
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const kept = this.#old.get(text) ?? text;
    if (this.#length >= GENERATION) this.#age();
    this.#young.set(kept, kept);
    this.#length += kept.length;
    return kept;
  }

  /** How many texts are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#length = 0;
  }
}
