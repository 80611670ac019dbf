package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.models.text.DataForm;
import dev.lora4j.models.text.DataReport;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.ExampleGroups;
import dev.lora4j.models.text.ExampleOptions;
import dev.lora4j.models.text.Sample;
import dev.lora4j.models.text.Split;
import dev.lora4j.models.text.StandardForm;
import dev.lora4j.models.text.TextData;
import dev.lora4j.models.text.Tokenizer;
import dev.lora4j.models.training.Objective;
import dev.lora4j.models.training.ObjectiveProvider;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a language model learns from, and what was held back; reading it says what was found.
 *
 * @param objective the loss with its examples
 * @param form what the rows are
 * @param first an example that shows what the data are like: held back, where there is one
 * @param description in a line: {@code chats.jsonl, 950 examples to learn from and 50 held back}
 */
record LanguageData(Objective objective, DataForm form, Example first, String description) {

  /** Whether it is text to go on with, in which nobody is asked anything. */
  boolean isPlainText() {
    return form == StandardForm.DOCUMENT || form == StandardForm.TEXT;
  }

  /**
   * Reads the data.
   *
   * @param data what is learned from, and what is held back unless that is a file of its own
   * @throws UserError naming file and row of what can't be learned
   */
  static LanguageData read(
      TextData data,
      LanguageOptions options,
      long seed,
      Tokenizer tokenizer,
      ExampleOptions making,
      PrintStream story) {
    return new Reader(options, seed, tokenizer, making, story).read(data);
  }

  private record Reader(
      LanguageOptions options,
      long seed,
      Tokenizer tokenizer,
      ExampleOptions making,
      PrintStream story) {

    LanguageData read(TextData given) {
      begin(given);
      ObjectiveProvider provider = options.objective(given.form());
      Map<String, Double> parameters = provider.parameters(options.objectiveParameters(provider));
      TextData data = given.readAs(provider.forms());
      Split<List<Example>> split =
          split(
              data,
              groups(data),
              options.valid().map(file -> groups(open(file).readAs(provider.forms()))),
              options.validFraction());
      story.println("Objective: " + provider.fullName() + described(parameters));
      return new LanguageData(
          provider.create(split, parameters),
          data.form(),
          first(split).get(0),
          "%s, %,d training and %,d validation examples"
              .formatted(data.file().getFileName(), split.train().size(), split.valid().size()));
    }

    private static String described(Map<String, Double> parameters) {
      return parameters.entrySet().stream()
          .map(parameter -> ", " + parameter.getKey() + " " + parameter.getValue())
          .collect(Collectors.joining());
    }

    private TextData open(Path file) {
      return begin(TextData.open(file));
    }

    private TextData begin(TextData data) {
      story.println(data.file() + ": " + data.form().sentence());
      if (options.system().isPresent()) {
        data.forEach(row -> requireConversation(row.sample(), row.place()));
      }
      return data;
    }

    private void requireConversation(Sample sample, String place) {
      boolean spoken =
          making.template().isPresent()
              && (sample instanceof Sample.Chat
                  || sample instanceof Sample.Instruction
                  || (sample instanceof Sample.Rated rated
                      && rated.answers().get(0) instanceof Sample.Chat));
      if (!spoken) {
        throw new UserError(
            "--system goes with conversations and a chat template; " + place + " is none");
      }
    }

    private List<List<Example>> groups(TextData data) {
      ExampleGroups made = ExampleGroups.of(data, tokenizer, making);
      tell(made.report());
      return made.groups();
    }

    private void tell(DataReport report) {
      story.println("  " + report.summary());
      report.warnings().forEach(warning -> story.println("  Warning: " + warning));
    }

    private <T> Split<T> split(TextData data, List<T> all, Optional<List<T>> valid, double share) {
      if (valid.isPresent()) {
        return new Split<>(all, valid.get());
      }
      if (share == 0) {
        return new Split<>(all, List.of());
      }
      if (all.size() < 2) {
        story.println("  Warning: one example is too few to hold any back; see --valid.");
        return new Split<>(all, List.of());
      }
      int held = (int) Math.max(1, Math.min(all.size() - 1L, Math.round(share * all.size())));
      if (data.form() == StandardForm.DOCUMENT) {
        story.printf("  The last %s of them are held back.%n", Numbers.count(held));
        return Split.atEnd(all, held);
      }
      return Split.of(all, held, seed);
    }

    private static <T> T first(Split<T> split) {
      return (split.valid().isEmpty() ? split.train() : split.valid()).get(0);
    }
  }
}
