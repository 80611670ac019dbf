package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.spark.exchange.Reduction;
import dev.lora4j.spark.inference.LoraTransformer;
import dev.lora4j.spark.inference.RowTask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fit trains as {@link LoraSpark} does, and its transformer generates with the adapter. */
class LoraEstimatorTest {
  @TempDir static Path directory;
  static SparkSession session;
  static ClusterRun run;

  @BeforeAll
  static void start() {
    session = LocalCluster.threads();
    run = ClusterRun.in(directory, 4);
  }

  private static LoraEstimator estimator(String output) {
    return new LoraEstimator()
        .setBase(run.model().toString())
        .setOutputDir(run.output(output))
        .setRank(4)
        .setLearningRate(5e-2)
        .setMaxSteps(4)
        .setBatchSize(4)
        .setMaxSeqLength(64)
        .setValidationFraction(0)
        .setSeed(3)
        .setReduction(Reduction.ORDERED)
        .setMaxTokens(5);
  }

  private static FineTuneRecipe recipe(String base) {
    return FineTuneRecipe.of(base)
        .rank(4)
        .seed(3)
        .validFraction(0)
        .settings(TrainingArguments.of(5e-2).batching(BatchConfig.of(4).maxSeqLength(64)).steps(4));
  }

  private static List<String> completions(Dataset<Row> rows) {
    return rows.select("output").collectAsList().stream().map(row -> row.getString(0)).toList();
  }

  @Test
  void aPipelineTrainsAndGeneratesWithTheAdapter() throws IOException {
    Dataset<Row> rows = ClusterRun.rows(session);
    PipelineModel fitted =
        new Pipeline().setStages(new PipelineStage[] {estimator("fitted")}).fit(rows);
    recipe(run.model().toString())
        .data(run.path("fitted/data.jsonl"))
        .workers(2)
        .run(run.path("recipe"));

    assertThat(run.adapter("fitted")).isEqualTo(run.adapter("recipe"));
    LoraTransformer model = (LoraTransformer) fitted.stages()[0];
    assertThat(model.hasParent()).isTrue();
    assertThat(model.getOrDefault(model.maxTokens())).isEqualTo(5);
    Dataset<Row> some = rows.limit(3);
    List<String> found = completions(fitted.transform(some));
    LoraTransformer local =
        new LoraTransformer()
            .setTask(RowTask.GENERATE)
            .setBase(run.model().toString())
            .setAdapter("trained", run.output("recipe"))
            .setInputCol("prompt")
            .setMaxTokens(5);
    assertThat(found).isNotEqualTo(completions(local.transform(some)));
    assertThat(found).isEqualTo(completions(local.setStandardAdapter("trained").transform(some)));

    fitted.write().overwrite().save(run.output("pipeline"));
    assertThat(completions(PipelineModel.load(run.output("pipeline")).transform(some)))
        .isEqualTo(found);
  }

  @Test
  void aSavedEstimatorHasItsParameters() throws IOException {
    LoraEstimator estimator = estimator("saved").setColumn("prompt", "question").setResume(true);
    estimator.write().overwrite().save(run.output("estimator"));

    LoraEstimator loaded = LoraEstimator.load(run.output("estimator"));
    assertThat(loaded.uid()).isEqualTo(estimator.uid());
    assertThat(loaded.params()).hasSize(19);
    for (var parameter : estimator.params()) {
      assertThat(loaded.getOrDefault(loaded.getParam(parameter.name())))
          .as(parameter.name())
          .isEqualTo(estimator.getOrDefault(parameter));
    }
  }

  @Test
  void aCopyTakesOtherParameters() {
    LoraEstimator estimator = estimator("first");
    LoraEstimator copy =
        estimator.copy(new ParamMap().put(estimator.outputDir(), run.output("second")));

    assertThat(copy.getOrDefault(copy.outputDir())).isEqualTo(run.output("second"));
    assertThat(copy.getOrDefault(copy.rank())).isEqualTo(4);
    assertThat(estimator.getOrDefault(estimator.outputDir())).isEqualTo(run.output("first"));
  }

  // ---- mistakes ----

  private static void assertMistake(LoraEstimator estimator, Dataset<Row> rows, String... parts) {
    assertThatThrownBy(() -> estimator.fit(rows))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(parts);
  }

  @Test
  void mistakesAreNamedBeforeAnythingRuns() {
    Dataset<Row> rows = ClusterRun.rows(session);
    assertMistake(new LoraEstimator(), rows, "setBase, setOutputDir");
    assertMistake(
        estimator("columns"),
        rows.withColumnRenamed("completion", "completions"),
        "completions: did you mean completion?");
    assertMistake(estimator("columns").setColumn("prompt", "promt"), rows, "did you mean prompt?");
    assertMistake(
        estimator("columns").setOutputCol("prompt"), rows, "already has a column 'prompt'");
    LoraEstimator unknown = estimator("columns");
    unknown.set(unknown.reduction(), "orderd");
    assertMistake(unknown, rows, "no reduction 'orderd'; did you mean ordered?");
    assertThat(run.path("columns")).doesNotExist();
  }
}
