package dev.lora4j.llm.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Compares with scikit-learn and SciPy, on the numbers of {@code tools/task_fixtures.py}. */
class ScoresOfScikitLearnTest {
  private static final double TOLERANCE = 1e-6;

  private final JsonNode expected;

  ScoresOfScikitLearnTest() throws IOException {
    expected =
        new ObjectMapper()
            .readTree(Path.of("src/test/resources/fixtures/task/metrics.json").toFile());
  }

  private double number(String key) {
    return expected.get(key).asDouble();
  }

  private static double[] numbers(JsonNode list) {
    double[] numbers = new double[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = list.get(i).asDouble();
    }
    return numbers;
  }

  private static float[] floats(JsonNode list) {
    float[] numbers = new float[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = list.get(i).floatValue();
    }
    return numbers;
  }

  private float[][] rows(String key) {
    float[][] rows = new float[expected.get(key).size()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = floats(expected.get(key).get(i));
    }
    return rows;
  }

  @Test
  void classesHaveThePrecisionRecallAndF1() {
    int[] targets = new int[expected.get("targets").size()];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = expected.get("targets").get(i).asInt();
    }

    ClassificationScore score =
        ClassificationScore.of(List.of("a", "b", "c", "d", "e"), targets, rows("probabilities"));

    assertThat(score.accuracy()).isCloseTo(number("accuracy"), within(TOLERANCE));
    assertThat(score.macroF1()).isCloseTo(number("macro_f1"), within(TOLERANCE));
    assertThat(score.nll()).isCloseTo(number("nll"), within(TOLERANCE));
    for (int i = 0; i < 5; i++) {
      ClassScore own = score.classes().get(i);
      assertThat(own.precision())
          .isCloseTo(expected.get("precision").get(i).asDouble(), within(TOLERANCE));
      assertThat(own.recall())
          .isCloseTo(expected.get("recall").get(i).asDouble(), within(TOLERANCE));
      assertThat(own.f1()).isCloseTo(expected.get("f1").get(i).asDouble(), within(TOLERANCE));
      assertThat(own.support()).isEqualTo(expected.get("support").get(i).asLong());
      for (int j = 0; j < 5; j++) {
        assertThat(score.confusion().get(i).get(j))
            .isEqualTo(expected.get("confusion").get(i).get(j).asLong());
      }
    }
  }

  @Test
  void labelsHaveTheMicroAndMacroF1() {
    boolean[][] flags = new boolean[expected.get("flags").size()][3];
    for (int i = 0; i < flags.length; i++) {
      for (int label = 0; label < 3; label++) {
        flags[i][label] = expected.get("flags").get(i).get(label).asBoolean();
      }
    }

    MultiLabelScore score = MultiLabelScore.of(List.of("a", "b", "c"), flags, rows("given"));

    assertThat(score.accuracy()).isCloseTo(number("subset_accuracy"), within(TOLERANCE));
    assertThat(score.microF1()).isCloseTo(number("micro_f1_of_labels"), within(TOLERANCE));
    assertThat(score.macroF1()).isCloseTo(number("macro_f1_of_labels"), within(TOLERANCE));
  }

  @Test
  void equalValuesShareTheirRank() {
    double[] x = numbers(expected.get("x"));
    double[] y = numbers(expected.get("y"));

    assertThat(Correlation.spearman(x, y)).isCloseTo(number("spearman"), within(TOLERANCE));
    assertThat(Correlation.pearson(x, y)).isCloseTo(number("pearson"), within(TOLERANCE));
  }

  @Test
  void rankingsHaveTheNdcg() {
    List<RankingScore.Ranked> queries = new ArrayList<>();
    for (int i = 0; i < expected.get("scores").size(); i++) {
      queries.add(
          new RankingScore.Ranked(
              numbers(expected.get("scores").get(i)), numbers(expected.get("relevance").get(i))));
    }

    assertThat(RankingScore.of(queries).ndcg()).isCloseTo(number("ndcg"), within(TOLERANCE));
  }
}
