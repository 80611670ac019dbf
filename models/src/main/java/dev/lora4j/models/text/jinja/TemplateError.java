package dev.lora4j.models.text.jinja;

/** A template that cannot be read, or that refuses what it was given. */
public final class TemplateError extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public TemplateError(String message) {
    super(message);
  }

  static TemplateError at(int line, String problem) {
    return new TemplateError("line " + line + ": " + problem);
  }
}
