package dev.lora4j.models.text;

import dev.lora4j.models.text.jinja.Span;
import java.util.List;

/**
 * A text as a model reads it.
 *
 * @param text all of it
 * @param answers the pieces that the model is to learn to say, in order
 */
record AnsweredText(String text, List<Span> answers) {
  AnsweredText {
    answers = List.copyOf(answers);
  }
}
