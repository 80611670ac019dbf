package dev.lora4j.examples.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Trains and answers on two threads of this process instead of a cluster. */
@EnabledIfSystemProperty(
    named = "lora4j.base",
    matches = ".+",
    disabledReason = "needs the directory of a tiny model: -Dlora4j.base=DIR")
class TenantAnswersTest {
  private static final String BASE = System.getProperty("lora4j.base");
  private static final Map<String, String> ANSWERS =
      Map.of("acme", "Good day, Sir.", "globex", "Arr, matey!");

  private static final int STEPS = 40;

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", false).getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void eachRowIsAnsweredByTheAdapterOfItsTenant(@TempDir Path adapters) {
    TenantAnswers answers = new TenantAnswers(BASE, adapters.toString());
    // A rate for a random model of two small layers; a real one needs about 2e-4.
    ANSWERS.forEach((tenant, answer) -> answers.train(tenant, chats(answer), 2e-2, 2));

    Dataset<Row> answered = answers.answer(questions(), List.copyOf(ANSWERS.keySet()));

    Map<String, String> found =
        answered.collectAsList().stream()
            .collect(Collectors.toMap(row -> row.getAs("tenant"), row -> row.getAs("answer")));
    assertThat(found).isEqualTo(ANSWERS);
  }

  /** Two rows for each step of an epoch: few epochs, since each ends with a checkpoint. */
  private static Dataset<Row> chats(String answer) {
    List<Row> rows =
        Collections.nCopies(STEPS, List.of("Who are you?", "Can you help me?")).stream()
            .flatMap(List::stream)
            .map(question -> List.of(message("user", question), message("assistant", answer)))
            .map(RowFactory::create)
            .toList();
    return spark.createDataFrame(
        rows, StructType.fromDDL("messages ARRAY<STRUCT<role: STRING, content: STRING>>"));
  }

  private static Row message(String role, String content) {
    return RowFactory.create(role, content);
  }

  private static Dataset<Row> questions() {
    List<Row> rows =
        ANSWERS.keySet().stream().map(tenant -> RowFactory.create(tenant, "Who are you?")).toList();
    return spark.createDataFrame(rows, StructType.fromDDL("tenant STRING, question STRING"));
  }
}
