/** Answers that are asked for again and again, and always come out the same. */

/**
 * Remembers recent answers in two generations: when the young one is full it becomes the old one, and what the old one held
 * is forgotten unless it was asked for meanwhile. So memory is bounded, and deleted objects leave nothing behind.
 */
export class Recent<T, Question = string> {
  #young = new Map<Question, T>();
  #old = new Map<Question, T>();

  /** @param generation answers that one generation holds at most */
  constructor(private readonly generation: number) {}

  /** The answer to a question, made by `answer` unless it is remembered. */
  get(question: Question, answer: () => T): T {
    const young = this.#young.get(question);
    if (young !== undefined) return young;
    const found = this.#old.get(question) ?? answer();
    if (this.#young.size >= this.generation) this.#age();
    this.#young.set(question, found);
    return found;
  }

  /** How many answers are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }
}
