package dev.lora4j.examples.spark;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.spark.ClusterResult;
import dev.lora4j.spark.ClusterSettings;
import dev.lora4j.spark.LoraSpark;
import dev.lora4j.spark.RecipeFactory;
import dev.lora4j.spark.inference.LoraTransformer;
import dev.lora4j.spark.inference.RowTask;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Trains an adapter for each tenant on all executors, and answers questions of all tenants, each
 * with the adapter of its row.
 */
public final class TenantAnswers {
  private final String base;
  private final String adapters;

  /**
   * @param base directory of the base model, by the same path on all executors
   * @param adapters directory for the adapters, on any file system of Hadoop
   */
  public TenantAnswers(String base, String adapters) {
    this.base = base;
    this.adapters = adapters;
  }

  /**
   * Trains an adapter.
   *
   * @param chats with the column {@code messages}, an array of {@code role} and {@code content}
   */
  public ClusterResult train(String tenant, Dataset<Row> chats, double rate, int epochs) {
    return LoraSpark.fineTune(chats, recipe(base, rate, epochs), ClusterSettings.to(path(tenant)));
  }

  /** Executors receive what the recipe uses, so it is made of plain values. */
  private static RecipeFactory recipe(String base, double rate, int epochs) {
    return () ->
        FineTuneRecipe.of(base)
            .rank(16)
            .validFraction(0)
            .settings(TrainingArguments.of(rate).batching(BatchConfig.of(2)).epochs(epochs));
  }

  /**
   * Adds the column {@code answer}.
   *
   * @param questions with the columns {@code tenant} and {@code question}
   */
  public Dataset<Row> answer(Dataset<Row> questions, List<String> tenants) {
    LoraTransformer model =
        new LoraTransformer()
            .setTask(RowTask.GENERATE)
            .setBase(base)
            .setInputCol("question")
            .setAdapterCol("tenant")
            .setOutputCol("answer")
            .setMaxTokens(48);
    tenants.forEach(tenant -> model.setAdapter(tenant, path(tenant)));
    return model.transform(questions);
  }

  private String path(String tenant) {
    return adapters + "/" + tenant;
  }

  /** Arguments: BASE CHATS QUESTIONS ADAPTERS ANSWERS, of which chats and questions are Parquet. */
  public static void main(String[] args) {
    SparkSession spark = SparkSession.builder().appName("tenant answers").getOrCreate();
    TenantAnswers answers = new TenantAnswers(args[0], args[3]);
    Dataset<Row> chats = spark.read().parquet(args[1]);
    List<String> tenants = chats.select("tenant").distinct().as(Encoders.STRING()).collectAsList();
    for (String tenant : tenants) {
      answers.train(tenant, chats.where(chats.col("tenant").equalTo(tenant)), 2e-4, 2);
    }
    answers.answer(spark.read().parquet(args[2]), tenants).write().parquet(args[4]);
  }
}
