package dev.lora4j.models.text.jinja;

import java.util.List;

/**
 * What a template made.
 *
 * @param text all of it
 * @param generated the pieces that stand between {@code {% generation %}} and {@code {%
 *     endgeneration %}}, in order
 */
public record Rendering(String text, List<Span> generated) {
  public Rendering {
    generated = List.copyOf(generated);
  }
}
