package dev.lora4j.spark;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.TrainingArguments;
import java.io.Serializable;
import java.util.Map;

/**
 * Creates the recipe of a run: on the driver, to check it, and on every executor. Paths in it are
 * paths of the executors, such as {@code SparkFiles.get("smollm2")}. Data, workers, resuming and
 * the output directory are set by the run.
 */
@FunctionalInterface
public interface RecipeFactory extends Serializable {
  /**
   * Returns a new recipe.
   *
   * @throws dev.lora4j.UserError for wrong settings
   */
  FineTuneRecipe create();

  /**
   * Returns the options of {@code lora train} that {@code run.yaml} records, so that {@code lora
   * train --resume} goes on with the run; none unless overridden. The run adds data, workers and
   * output directory.
   *
   * @param settings of the run
   */
  default Map<String, Object> options(TrainingArguments settings) {
    return Map.of();
  }
}
