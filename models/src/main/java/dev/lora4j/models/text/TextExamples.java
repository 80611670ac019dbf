package dev.lora4j.models.text;

import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.List;

/**
 * Examples to train a language model on, and what became of the data on the way.
 *
 * <pre>{@code
 * TextExamples examples =
 *     TextExamples.of(TextData.open(file), tokenizer, ExampleOptions.ofLength(512).with(template));
 * examples.report().warnings().forEach(System.err::println);
 * }</pre>
 *
 * @param examples in the data's order
 * @param report the figures and warnings
 */
public record TextExamples(List<Example> examples, DataReport report) {
  public TextExamples {
    examples = List.copyOf(examples);
  }

  /**
   * Makes examples of all rows of a file.
   *
   * @throws UserError naming the row that can't be made one, or when no row has anything to learn
   */
  public static TextExamples of(TextData data, Tokenizer tokenizer, ExampleOptions options) {
    DataCounts counts = new DataCounts();
    ExampleMaker maker = new ExampleMaker(tokenizer, options, counts);
    List<Example> examples = new ArrayList<>();
    data.forEach(
        row -> {
          counts.row();
          examples.addAll(maker.make(row));
        });
    DataReport report = counts.report(tokenizer.special().eos().isEmpty());
    if (examples.isEmpty()) {
      throw new UserError(nothingToLearn(data, report, options));
    }
    return new TextExamples(examples, report);
  }

  private static String nothingToLearn(TextData data, DataReport report, ExampleOptions options) {
    String problem = data.file() + ": no token to learn in " + report.rows() + " rows";
    return report.truncated() > 0
        ? problem + "; the prompts alone have more than " + options.maxTokens() + " tokens"
        : problem + "; has it answers?";
  }
}
