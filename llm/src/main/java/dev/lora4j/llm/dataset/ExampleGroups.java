package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * Examples for any objective, in groups that stay together: both answers of a preference pair, or
 * one example alone.
 *
 * @param groups in the data's order
 * @param report figures and warnings; every answer of a group counts as an example
 */
public record ExampleGroups(List<List<Example>> groups, DataReport report) {
  public ExampleGroups {
    groups = groups.stream().map(List::copyOf).toList();
  }

  /**
   * Tokenizes all rows of a file. A row is dropped unless each of its answers has a loss token.
   *
   * @throws UserError naming the row that has no valid example, or if no row is left
   */
  public static ExampleGroups of(TextData data, Tokenizer tokenizer, ExampleOptions options) {
    DataReportBuilder counts = new DataReportBuilder();
    ExampleBuilder maker = new ExampleBuilder(tokenizer, options, counts);
    List<List<Example>> groups = new ArrayList<>();
    data.forEach(
        row -> {
          counts.row(row);
          if (row.sample() instanceof Sample.Rated rated) {
            List<Example> group =
                rated.answers().stream()
                    .flatMap(answer -> oneAnswer(maker, row, answer).stream())
                    .map(example -> example.withScore(rated.score()))
                    .toList();
            if (group.size() == rated.answers().size()) {
              groups.add(group);
            }
          } else {
            maker.make(row).forEach(example -> groups.add(List.of(example)));
          }
        });
    DataReport report = counts.report(tokenizer.special().eos().isEmpty());
    if (groups.isEmpty()) {
      throw new UserError(noLoss(data, report, options));
    }
    return new ExampleGroups(groups, report);
  }

  private static List<Example> oneAnswer(ExampleBuilder maker, DataRow row, Sample answer) {
    List<Example> made = maker.make(new DataRow(row.file(), row.number(), answer));
    if (made.size() > 1) {
      throw new UserError(
          row.location() + ": expected one answer to compare, found " + made.size());
    }
    return made;
  }

  private static String noLoss(TextData data, DataReport report, ExampleOptions options) {
    String problem = data.file() + ": no loss tokens in " + report.rows() + " rows";
    return report.truncated() > 0
        ? problem + "; the prompts alone have more than " + options.maxTokens() + " tokens"
        : problem + "; are the answers empty?";
  }

  /** Returns all examples, group after group. */
  public List<Example> examples() {
    return groups.stream().flatMap(List::stream).toList();
  }
}
