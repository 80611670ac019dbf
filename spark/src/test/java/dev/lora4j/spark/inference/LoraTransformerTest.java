package dev.lora4j.spark.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.UserError;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.embedding.Embedder;
import dev.lora4j.llm.embedding.EmbeddingOptions;
import dev.lora4j.llm.embedding.Reranker;
import dev.lora4j.llm.embedding.RerankingOptions;
import dev.lora4j.llm.embedding.TextPair;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.spark.LocalCluster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Outputs equal those of the library, whatever the batches and adapters. */
class LoraTransformerTest {
  private static final Path FIXTURES = Path.of("..", "llm", "src/test/resources/fixtures");
  private static final Path ENCODER = FIXTURES.resolve("embedding/bert");
  private static final Path CROSS = FIXTURES.resolve("reranking/cross");
  private static final Path TASK = FIXTURES.resolve("task/tiny");
  private static final float TOLERANCE = 1e-5f;

  @TempDir static Path directory;
  static SparkSession session;

  @BeforeAll
  static void start() {
    session = LocalCluster.threads();
  }

  @AfterAll
  static void stop() {
    SharedModels.closeUnused();
  }

  /** Rows of a text, a second one, and an adapter in turn; the last has no text. */
  private static Dataset<Row> rows(@Nullable String... adapters) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      rows.add(
          RowFactory.create(
              "this is text " + i + " of nine".repeat(i % 4),
              "and another " + i,
              adapters[i % adapters.length]));
    }
    rows.add(RowFactory.create(null, "without", adapters[0]));
    return session.createDataFrame(
        rows, StructType.fromDDL("text STRING, other STRING, tenant STRING"));
  }

  private static LoraTransformer transformer(RowTask task, Path base) {
    return new LoraTransformer()
        .setTask(task)
        .setBase(base.toString())
        .setAdapterCol("tenant")
        .setBatchRows(3);
  }

  private static LoraTransformer withAdapters(LoraTransformer transformer, Path base) {
    return transformer
        .setAdapter("one", base.resolve("adapter").toString())
        .setAdapter("two", base.resolve("adapter2").toString());
  }

  @Test
  void embeddingsAreThoseOfEachRowsAdapter() {
    List<Row> rows =
        withAdapters(transformer(RowTask.EMBED, ENCODER), ENCODER)
            .transform(rows("one", null, "two"))
            .collectAsList();

    assertThat(rows).hasSize(10);
    assertThat(rows.get(9).isNullAt(3)).isTrue();
    try (Embedder embedder = Embedder.open(ENCODER)) {
      embedder.load("one", ENCODER.resolve("adapter"));
      embedder.load("two", ENCODER.resolve("adapter2"));
      for (Row row : rows.subList(0, 9)) {
        EmbeddingOptions options = EmbeddingOptions.standard();
        float[] expected =
            embedder.embed(
                row.getString(0), row.isNullAt(2) ? options : options.adapters(row.getString(2)));
        float[] found = floats(row.getList(3));
        assertThat(found).containsExactly(expected, within(TOLERANCE));
      }
    }
  }

  private static float[] floats(List<Float> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
  }

  @Test
  void scoresAreThoseOfEachRowsAdapter() {
    List<Row> rows =
        withAdapters(transformer(RowTask.SCORE, CROSS), CROSS)
            .setSecondCol("other")
            .transform(rows("two", "one", null))
            .collectAsList();

    try (Reranker reranker = Reranker.open(CROSS)) {
      reranker.load("one", CROSS.resolve("adapter"));
      reranker.load("two", CROSS.resolve("adapter2"));
      for (Row row : rows.subList(0, 9)) {
        RerankingOptions options = RerankingOptions.standard();
        float expected =
            reranker
                .score(
                    List.of(new TextPair(row.getString(0), row.getString(1))),
                    row.isNullAt(2) ? options : options.adapters(row.getString(2)))[0];
        assertThat(row.getFloat(3)).isCloseTo(expected, within(TOLERANCE));
      }
    }
  }

  @Test
  void labelsHaveTheirProbabilities() {
    Path adapter = TASK.resolve("adapter");
    List<Row> rows =
        transformer(RowTask.CLASSIFY, TASK)
            .setAdapter("one", adapter.toString())
            .setStandardAdapter("one")
            .setOutputCol("topic")
            .transform(rows("one", null))
            .collectAsList();

    try (TextClassifier classifier = TextClassifier.open(TASK)) {
      classifier.load("one", adapter);
      for (Row row : rows.subList(0, 9)) {
        var expected = classifier.classify("one", row.getString(0));
        Row topic = row.getAs("topic");
        assertThat(topic.<String>getAs("label")).isEqualTo(expected.label());
        assertThat(topic.<Float>getAs("probability"))
            .isCloseTo(expected.probability(), within(TOLERANCE));
        assertThat(topic.getJavaMap(2)).hasSize(3).containsKey(expected.label());
      }
    }
  }

  @Test
  void completionsOfDifferentAdaptersAreGeneratedTogether() {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    LoraTransformer transformer = transformer(RowTask.GENERATE, model).setMaxTokens(6);
    for (String name : List.of("one", "two")) {
      Path adapter = SavedTextModel.adapter(model, directory.resolve(name), name.hashCode());
      transformer.setAdapter(name, adapter.toString());
    }
    List<Row> mixed = transformer.transform(rows("one", "", "two")).collectAsList();
    List<Row> base = transformer.transform(rows("", "", "")).collectAsList();
    List<Row> one = transformer.transform(rows("one", "one", "one")).collectAsList();

    assertThat(mixed.get(0).getString(3)).isEqualTo(one.get(0).getString(3));
    assertThat(mixed.get(1).getString(3)).isEqualTo(base.get(1).getString(3));
    assertThat(mixed.get(3).getString(3)).isEqualTo(one.get(3).getString(3));
    assertThat(texts(one)).isNotEqualTo(texts(base));
    assertThat(mixed.get(9).isNullAt(3)).isTrue();
  }

  private static List<String> texts(List<Row> rows) {
    return rows.stream().map(row -> row.getString(3)).toList();
  }

  @Test
  void aSavedPipelineTransformsAsBefore() throws Exception {
    LoraTransformer stage = withAdapters(transformer(RowTask.EMBED, ENCODER), ENCODER);
    Dataset<Row> rows = rows("one", "two");
    PipelineModel pipeline = new Pipeline().setStages(new PipelineStage[] {stage}).fit(rows);
    String path = directory.resolve("pipeline").toString();
    pipeline.write().overwrite().save(path);

    PipelineModel loaded = PipelineModel.load(path);

    LoraTransformer copy = (LoraTransformer) loaded.stages()[0];
    assertThat(copy.uid()).isEqualTo(stage.uid());
    assertThat(copy.getOrDefault(copy.adapters())).isEqualTo(stage.getOrDefault(stage.adapters()));
    assertThat(copy.getOrDefault(copy.adapterCol())).isEqualTo("tenant");
    assertThat(loaded.transform(rows).collectAsList())
        .isEqualTo(pipeline.transform(rows).collectAsList());
  }

  // ---- mistakes ----

  @Test
  void missingAndMistypedColumnsAreNamed() {
    LoraTransformer stage = transformer(RowTask.EMBED, ENCODER);
    Dataset<Row> rows = rows("one");

    assertThatThrownBy(() -> stage.setInputCol("txt").transform(rows))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no column 'txt' (inputCol); did you mean text?");
    assertThatThrownBy(
            () -> stage.setInputCol("text").transform(rows.selectExpr("1 AS text", "tenant")))
        .hasMessageContaining("column 'text' (inputCol) must hold strings, found int");
    assertThatThrownBy(() -> stage.setOutputCol("other").transform(rows))
        .hasMessageContaining("already has a column 'other'");
  }

  @Test
  void anUnknownAdapterOfARowIsNamedWithTheNearest() {
    LoraTransformer stage = withAdapters(transformer(RowTask.EMBED, ENCODER), ENCODER);

    assertThatThrownBy(() -> stage.transform(rows("onne")).collectAsList())
        .hasStackTraceContaining("no adapter 'onne'");
    assertThatThrownBy(() -> stage.setStandardAdapter("tow").transform(rows("one")))
        .isInstanceOf(UserError.class)
        .hasMessage("no adapter 'tow'; did you mean two?");
  }

  @Test
  void aPromptThatIsTooLongIsNamedByItsBeginning() {
    Path model = SavedTextModel.chatty(directory.resolve("short"));
    Dataset<Row> rows =
        session.createDataFrame(
            List.of(RowFactory.create("once upon a time ".repeat(2_000), "")),
            StructType.fromDDL("text STRING, tenant STRING"));

    assertThatThrownBy(() -> transformer(RowTask.GENERATE, model).transform(rows).collectAsList())
        .hasStackTraceContaining("the prompt 'once upon a time once upon a time once u…' has ")
        .hasStackTraceContaining(": shorten it or leave the row out");
  }

  @Test
  void settingsAreChecked() {
    assertThatThrownBy(() -> new LoraTransformer().transform(rows("one")))
        .hasMessageContaining("setTask, setBase");
    assertThatThrownBy(() -> transformer(RowTask.SCORE, CROSS).transform(rows("one")))
        .hasMessageContaining("setSecondCol");
    assertThatThrownBy(
            () -> transformer(RowTask.EMBED, ENCODER).setBatchRows(0).transform(rows("one")))
        .hasMessageContaining("batchRows must be at least 1, found 0");
    assertThat(Arrays.stream(new LoraTransformer().params()).map(p -> p.name()))
        .contains("task", "base", "adapters", "adapterCol");
  }
}
