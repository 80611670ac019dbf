package dev.lora4j.llm.dataset;

import dev.lora4j.llm.jinja.value.OutputSpan;
import java.util.List;

/**
 * A rendered text.
 *
 * @param text the whole text
 * @param answers the spans to train, in order
 * @param endsWithAnswer whether the last turn is one of them
 */
record RenderedText(String text, List<OutputSpan> answers, boolean endsWithAnswer) {
  RenderedText {
    answers = List.copyOf(answers);
  }
}
