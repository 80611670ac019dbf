package dev.lora4j.spark;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import java.io.Serializable;

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
}
