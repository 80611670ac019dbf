package dev.lora4j.llm.recipe;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.DataReport;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.ExampleGroups;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.Sample;
import dev.lora4j.llm.dataset.StandardFormat;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.train.Objective;
import dev.lora4j.llm.train.ObjectiveProvider;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The tokenized data of a run.
 *
 * @param objective the loss with its examples
 * @param form the format of the rows
 * @param first a typical example, from the validation split if there is one
 * @param description in a line, such as {@code chats.jsonl, 950 training and 50 validation
 *     examples}
 */
public record TrainingData(
    Objective objective, DataFormat form, Example first, String description) {

  /** Returns whether the data are plain texts, without prompts. */
  public boolean isPlainText() {
    return form == StandardFormat.DOCUMENT || form == StandardFormat.TEXT;
  }

  /** Reads and splits the data of a recipe, and reports on it. */
  record Reader(FineTuneRecipe recipe, Tokenizer tokenizer, ExampleOptions options) {

    TrainingData read(TextData file) {
      describe(file);
      ObjectiveProvider provider =
          recipe.objective.orElseGet(() -> ObjectiveProvider.of(file.form()));
      Map<String, Double> parameters = provider.parameters(recipe.objectiveParameters);
      TextData data = file.readAs(provider.forms());
      List<List<Example>> groups = groups(data);
      TrainValidationSplit<List<Example>> split =
          validation(file)
              .map(other -> groups(describe(other).readAs(provider.forms())))
              .map(valid -> new TrainValidationSplit<>(groups, valid))
              .orElseGet(() -> split(data, groups));
      recipe.report("Objective: " + provider.fullName() + described(parameters));
      return new TrainingData(
          provider.create(split, parameters),
          data.form(),
          (split.valid().isEmpty() ? split.train() : split.valid()).get(0).get(0),
          "%s, %,d training and %,d validation examples"
              .formatted(data.file().getFileName(), split.train().size(), split.valid().size()));
    }

    /** The given validation data, else the validation split of the training file. */
    private Optional<TextData> validation(TextData file) {
      return recipe
          .valid
          .map(recipe::rows)
          .or(() -> recipe.validFraction > 0 ? file.validation() : Optional.empty());
    }

    private static String described(Map<String, Double> parameters) {
      return parameters.entrySet().stream()
          .map(parameter -> ", " + parameter.getKey() + " " + parameter.getValue())
          .collect(Collectors.joining());
    }

    private TextData describe(TextData data) {
      recipe.report(data.name() + ": " + data.form().sentence());
      if (recipe.system.isPresent()) {
        data.forEach(row -> requireConversation(row.sample(), row.location()));
      }
      return data;
    }

    private void requireConversation(Sample sample, String place) {
      boolean conversation =
          options.template().isPresent()
              && (sample instanceof Sample.Chat
                  || sample instanceof Sample.Instruction
                  || (sample instanceof Sample.Rated rated
                      && rated.answers().get(0) instanceof Sample.Chat));
      if (!conversation) {
        throw new UserError(
            "a system prompt needs conversations and a chat template; " + place + " is none");
      }
    }

    private List<List<Example>> groups(TextData data) {
      ExampleGroups examples = ExampleGroups.of(data, tokenizer, options);
      DataReport report = examples.report();
      recipe.report("  " + report.summary());
      report.warnings().forEach(warning -> recipe.report("  Warning: " + warning));
      return examples.groups();
    }

    private TrainValidationSplit<List<Example>> split(TextData data, List<List<Example>> all) {
      double fraction = recipe.validFraction;
      if (fraction > 0 && all.size() < 2) {
        recipe.report("  Warning: one example is too few for a validation split.");
      }
      if (fraction == 0 || all.size() < 2) {
        return new TrainValidationSplit<>(all, List.of());
      }
      int valid = (int) Math.max(1, Math.min(all.size() - 1L, Math.round(fraction * all.size())));
      if (data.form() == StandardFormat.DOCUMENT) {
        recipe.report("  Validation: the last %,d of them".formatted(valid));
        return TrainValidationSplit.atEnd(all, valid);
      }
      return TrainValidationSplit.of(all, valid, recipe.seed);
    }
  }
}
