package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Fine-tunes language models on a Spark cluster. */
public final class LoraSpark {
  private LoraSpark() {}

  /**
   * Trains an adapter on the rows of a Dataset, in their order, and waits for the end. The columns
   * are named like the fields of a jsonl file: {@code messages}; {@code prompt} and {@code
   * completion}; {@code text}; and so on.
   *
   * <p>A resumed run reads the rows of its start again, and the Dataset only if they are gone.
   *
   * <p>A lost executor fails the stage; Spark's next attempt goes on from the last checkpoint.
   *
   * @param recipe base, adapter and hyperparameters; called on the driver and on every executor
   * @return the result of the attempt that finished
   * @throws UserError if columns are missing, the directory can't be written, holds a run or is
   *     used by another, an executor has other versions or does not find the base, or a resumed run
   *     had other settings
   * @throws dev.lora4j.train.TrainingFailed if the loss is not finite, or Spark gives up;
   *     checkpoints remain
   */
  public static ClusterResult fineTune(
      Dataset<Row> rows, RecipeFactory recipe, ClusterSettings settings) {
    FineTuneRecipe checked = recipe.create();
    if (checked.hasTask()) {
      throw new UserError(
          "the recipe has a task on texts, which is trained on one machine; leave it out to train a"
              + " language model");
    }
    DatasetColumns.check(rows.columns(), checked.reading());
    TrainingStage stage = new TrainingStage(rows.sparkSession(), recipe, settings);
    RunStorage storage = stage.storage();
    try (RunLease lease = storage.begin(settings.resumes())) {
      storage.writeRows(rows, settings.resumes());
      return stage.run();
    }
  }
}
