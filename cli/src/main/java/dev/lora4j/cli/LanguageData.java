package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.models.text.DataForm;
import dev.lora4j.models.text.DataReport;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.ExampleOptions;
import dev.lora4j.models.text.PreferencePair;
import dev.lora4j.models.text.PreferencePairs;
import dev.lora4j.models.text.Sample;
import dev.lora4j.models.text.Split;
import dev.lora4j.models.text.TextData;
import dev.lora4j.models.text.TextExamples;
import dev.lora4j.models.text.Tokenizer;
import dev.lora4j.models.training.TuningData;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The training and validation data of a language model.
 *
 * @param tuning examples, or preference pairs
 * @param form the form of the rows
 * @param first a sample example: the first validation example if there is one
 * @param description one line: {@code chats.jsonl, 950 training examples, 50 validation examples}
 */
record LanguageData(TuningData tuning, DataForm form, Example first, String description) {

  /** Returns true for plain text, which has no prompts. */
  boolean isPlainText() {
    return form == DataForm.DOCUMENT || form == DataForm.TEXT;
  }

  /**
   * Reads the data and reports on it.
   *
   * @param data the training data, split for validation unless validation data are given
   * @throws UserError naming the file and row of an unusable example
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

    LanguageData read(TextData data) {
      begin(data);
      double share = options.validFraction();
      Optional<TextData> valid = options.valid().map(this::open);
      if (options.dpo() || data.form() == DataForm.PREFERENCE) {
        Split<PreferencePair> pairs = split(data, pairs(data), valid.map(this::pairs), share);
        double beta = options.beta().orElse(LanguageOptions.BETA);
        story.println("Objective: direct preference optimisation, beta " + beta);
        return new LanguageData(
            new TuningData.Preferences(pairs.train(), pairs.valid(), beta),
            data.form(),
            first(pairs).chosen(),
            described(data.file(), pairs, "pairs"));
      }
      if (options.beta().isPresent()) {
        throw new UserError("--beta requires data with prompt, chosen and rejected; see --dpo");
      }
      Split<Example> texts = split(data, texts(data), valid.map(this::texts), share);
      return new LanguageData(
          new TuningData.Texts(texts.train(), texts.valid()),
          data.form(),
          first(texts),
          described(data.file(), texts, "examples"));
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
                  || (sample instanceof Sample.Preference pair
                      && pair.chosen() instanceof Sample.Chat));
      if (!spoken) {
        throw new UserError(
            "--system-prompt requires conversations and a chat template; "
                + place
                + " is not a"
                + " conversation");
      }
    }

    private List<PreferencePair> pairs(TextData data) {
      PreferencePairs made = PreferencePairs.of(data, tokenizer, making);
      report(made.report());
      return made.pairs();
    }

    private List<Example> texts(TextData data) {
      TextExamples made = TextExamples.of(data, tokenizer, making);
      report(made.report());
      return made.examples();
    }

    private void report(DataReport report) {
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
        story.println(
            "  Warning: one example is too few for a validation split; see"
                + " --validation-data.");
        return new Split<>(all, List.of());
      }
      int held = (int) Math.max(1, Math.min(all.size() - 1L, Math.round(share * all.size())));
      if (data.form() == DataForm.DOCUMENT) {
        story.printf("  The last %s are used for validation.%n", Numbers.count(held));
        return Split.atEnd(all, held);
      }
      return Split.of(all, held, seed);
    }

    private static <T> T first(Split<T> split) {
      return (split.valid().isEmpty() ? split.train() : split.valid()).get(0);
    }

    private static String described(Path file, Split<?> split, String what) {
      return "%1$s, %2$,d training %3$s, %4$,d validation %3$s"
          .formatted(file.getFileName(), split.train().size(), what, split.valid().size());
    }
  }
}
