package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.spark.files.ExecutorFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The recipe of an estimator's parameters.
 *
 * @param base directory, GGUF file or name on the Hub
 * @param alpha 0 for twice the rank
 * @param steps 0 for the number of epochs
 * @param columns name of the column of a field that has another
 */
record EstimatorRecipe(
    String base,
    int rank,
    double alpha,
    double learningRate,
    int epochs,
    long steps,
    int batchSize,
    int maxSeqLength,
    long seed,
    double validationFraction,
    Map<String, String> columns)
    implements RecipeFactory {
  private static final long serialVersionUID = 1;

  EstimatorRecipe {
    columns = new LinkedHashMap<>(columns);
  }

  /**
   * Returns the columns of entries such as {@code completion=answer}.
   *
   * @throws UserError naming an entry of another form
   */
  static Map<String, String> columns(String... entries) {
    Map<String, String> byField = new LinkedHashMap<>();
    for (String entry : entries) {
      int sign = entry.indexOf('=');
      if (sign < 1) {
        throw new UserError("columns: expected field=column, found '" + entry + "'");
      }
      byField.put(entry.substring(0, sign), entry.substring(sign + 1));
    }
    return byField;
  }

  @Override
  public FineTuneRecipe create() {
    FineTuneRecipe recipe =
        FineTuneRecipe.of(base)
            .lora(adapter())
            .reading(new TextData.Options(columns, false))
            .settings(this::settings)
            .seed(seed)
            .validFraction(validationFraction);
    Path found = Path.of(ExecutorFiles.found(base));
    return Files.exists(found) ? recipe.directory(found) : recipe;
  }

  private LoraConfig adapter() {
    return LoraConfig.rank(rank)
        .alpha(alpha == 0 ? FineTuneRecipe.defaultAlpha(rank) : alpha)
        .targets(Targets.everyLinear());
  }

  private TrainingArguments settings(int maxPositions) {
    TrainingArguments settings =
        TrainingArguments.of(learningRate)
            .batching(BatchConfig.of(batchSize).maxSeqLength(Math.min(maxSeqLength, maxPositions)));
    return steps > 0 ? settings.steps(steps) : settings.epochs(epochs);
  }
}
