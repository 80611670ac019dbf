package dev.lora4j.llm.jinja.value;

/** A template that is invalid, fails, or rejects its input. */
public final class TemplateError extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public TemplateError(String message) {
    super(message);
  }

  public static TemplateError at(int line, String problem) {
    return new TemplateError("line " + line + ": " + problem);
  }
}
