package dev.lora4j.llm.jinja.value;

import java.util.List;

/**
 * The output of a template.
 *
 * @param text the complete text
 * @param generated spans between {@code {% generation %}} and {@code {% endgeneration %}}, in
 *     order: the text for completion-only loss
 */
public record Rendering(String text, List<OutputSpan> generated) {
  public Rendering {
    generated = List.copyOf(generated);
  }
}
