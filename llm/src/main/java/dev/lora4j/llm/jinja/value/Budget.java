package dev.lora4j.llm.jinja.value;

/**
 * The budget of one rendering: steps, characters and nesting depth. Every operation is charged in
 * advance for the characters and elements that it reads or creates, so an untrusted template can
 * neither run for long nor fill the memory.
 */
public final class Budget {
  /** Steps of a rendering: more than ten times those of a conversation of 200,000 characters. */
  static final long STEPS = 20_000_000;

  /** Characters of a rendering: more than ten times those of a conversation of that length. */
  static final long CHARS = 1L << 26;

  private static final int STEPS_PER_ELEMENT = 8;
  private static final int DEPTH = 400;

  private long steps = STEPS;
  private long chars = CHARS;
  private int depth;

  /** Charges steps. */
  public void steps(long count) {
    steps -= count;
    if (count < 0 || steps < 0) {
      throw new TemplateError(
          "the rendering takes more than %,d steps, the limit".formatted(STEPS));
    }
  }

  /** Charges new elements of lists and dictionaries. */
  public void elements(long count) {
    steps(Math.min(count, STEPS) * STEPS_PER_ELEMENT);
  }

  /** Charges characters that are read or created. */
  public void chars(long count) {
    chars -= count;
    if (count < 0 || chars < 0) {
      throw new TemplateError(
          "the rendering reads and writes more than %,d characters, the limit".formatted(CHARS));
    }
  }

  /** Enters an expression or a value inside another; an error ends the rendering. */
  public void enter() {
    if (++depth > DEPTH) {
      throw new TemplateError(
          "the template nests too deeply: more than %d levels, the limit".formatted(DEPTH));
    }
  }

  /** Leaves the expression or value of the last {@link #enter}. */
  public void leave() {
    depth--;
  }
}
