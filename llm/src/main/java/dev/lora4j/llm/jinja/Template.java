package dev.lora4j.llm.jinja;

import dev.lora4j.llm.jinja.builtin.Functions;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.Rendering;
import dev.lora4j.llm.jinja.value.Statement;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Values;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/**
 * A chat template. It renders as in transformers: {@code trim_blocks} and {@code lstrip_blocks} are
 * on, one newline at the template's end is ignored, and {@code break}, {@code continue} and {@code
 * {% generation %}} are supported. Immutable.
 */
public final class Template {
  private static final int LONGEST = 1 << 20;

  private final Statement body;
  private final Clock clock;
  private final boolean marksGenerated;

  private Template(Statement body, Clock clock, boolean marksGenerated) {
    this.body = body;
    this.clock = clock;
    this.marksGenerated = marksGenerated;
  }

  /**
   * Parses a template.
   *
   * @param clock the clock of {@code strftime_now}
   * @throws TemplateError if the template is invalid, or uses an unsupported part of Jinja; the
   *     message names the line
   */
  public static Template parse(String source, Clock clock) {
    if (source.length() > LONGEST) {
      throw new TemplateError(
          "the template has %,d characters; the limit is %,d".formatted(source.length(), LONGEST));
    }
    List<Token> tokens = new Lexer(source).tokens();
    boolean marks = tokens.stream().anyMatch(t -> t.is(Token.Kind.NAME, "endgeneration"));
    try {
      return new Template(new StatementParser(new TokenCursor(tokens)).template(), clock, marks);
    } catch (StackOverflowError e) {
      throw new TemplateError("the template nests too deeply");
    }
  }

  /** Returns true if the template marks the text that the model generates. */
  public boolean marksGenerated() {
    return marksGenerated;
  }

  /**
   * Renders the template.
   *
   * @param variables name → value: strings, booleans, numbers, lists, maps of such, and an empty
   *     {@code Optional} for Python's {@code None}
   * @throws TemplateError if the template raises an error, or fails on these variables
   */
  public Rendering render(Map<String, ?> variables) {
    RenderState run = new RenderState(Functions.all(clock));
    variables.forEach((name, value) -> run.scope().set(name, Values.of(value)));
    try {
      body.run(run);
    } catch (StackOverflowError e) {
      throw new TemplateError("the template nests too deeply");
    }
    return run.rendering();
  }
}
