package dev.lora4j.models.text;

import dev.lora4j.models.text.jinja.Span;
import java.util.List;

/**
 * A rendered text.
 *
 * @param text the whole text
 * @param answers the spans to train, in order
 */
record AnsweredText(String text, List<Span> answers) {
  AnsweredText {
    answers = List.copyOf(answers);
  }
}
