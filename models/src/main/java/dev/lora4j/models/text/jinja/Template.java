package dev.lora4j.models.text.jinja;

import java.time.Clock;
import java.util.List;
import java.util.Map;

/**
 * A chat template. It is rendered as transformers does it: {@code trim_blocks} and {@code
 * lstrip_blocks} are on, one newline at the template's end does not count, and {@code break},
 * {@code continue} and {@code {% generation %}} are known. Immutable.
 */
public final class Template {
  private final Statement body;
  private final Clock clock;
  private final boolean marksGenerated;

  private Template(Statement body, Clock clock, boolean marksGenerated) {
    this.body = body;
    this.clock = clock;
    this.marksGenerated = marksGenerated;
  }

  /**
   * Reads a template.
   *
   * @param clock what {@code strftime_now} shows
   * @throws TemplateError naming the line where it is no Jinja, or Jinja that is not known here
   */
  public static Template parse(String source, Clock clock) {
    List<Token> tokens = new Lexer(source).tokens();
    boolean marks = tokens.stream().anyMatch(t -> t.is(Token.Kind.NAME, "endgeneration"));
    try {
      return new Template(new StatementParser(new TokenReader(tokens)).template(), clock, marks);
    } catch (StackOverflowError e) {
      throw new TemplateError("the template nests too deeply");
    }
  }

  /** Whether the template says by itself which text a model generates. */
  public boolean marksGenerated() {
    return marksGenerated;
  }

  /**
   * Renders the template.
   *
   * @param variables name → value: strings, booleans, numbers, lists and maps of such, and an empty
   *     {@code Optional} for Python's {@code None}
   * @throws TemplateError what the template raised, or where it made no sense
   */
  public Rendering render(Map<String, ?> variables) {
    Run run = new Run(Functions.all(clock));
    variables.forEach((name, value) -> run.scope().set(name, Values.of(value)));
    try {
      body.run(run);
    } catch (StackOverflowError e) {
      throw new TemplateError("the template nests too deeply");
    }
    return run.rendering();
  }
}
