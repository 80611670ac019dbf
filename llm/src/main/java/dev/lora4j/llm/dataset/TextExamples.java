package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.List;

/**
 * Examples for causal language modelling, with a report on the data.
 *
 * <pre>{@code
 * TextExamples examples =
 *     TextExamples.of(TextData.open(file), tokenizer, ExampleOptions.ofLength(512).with(template));
 * examples.report().warnings().forEach(System.err::println);
 * }</pre>
 *
 * @param examples in the data's order
 * @param report figures and warnings
 */
public record TextExamples(List<Example> examples, DataReport report) {
  public TextExamples {
    examples = List.copyOf(examples);
  }

  /**
   * Tokenizes all rows of a file.
   *
   * @throws UserError if the data are for another objective, a row has no valid example, or no row
   *     has a loss token
   */
  public static TextExamples of(TextData data, Tokenizer tokenizer, ExampleOptions options) {
    ExampleGroups made = ExampleGroups.of(data.readAs(StandardFormat.TEXTS), tokenizer, options);
    return new TextExamples(made.examples(), made.report());
  }
}
