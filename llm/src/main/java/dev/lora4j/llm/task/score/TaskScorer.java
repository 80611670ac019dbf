package dev.lora4j.llm.task.score;

import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskExample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Scores a task's outputs.
 *
 * @param labels names of the outputs; none for tasks without
 * @param temperature divides the logits of classes and labels
 */
public record TaskScorer(TextTask task, LabelNames labels, double temperature) {

  /**
   * Scores the outputs of labelled examples.
   *
   * @param outputs of each example, one row for each text or token
   */
  public TaskScore score(List<TaskExample> examples, List<float[][]> outputs) {
    return switch (task) {
      case TEXT_CLASSIFICATION ->
          ClassificationScore.of(labels.names(), classes(examples), softmax(outputs));
      case MULTI_LABEL -> MultiLabelScore.of(labels.names(), flags(examples), sigmoid(outputs));
      case TEXT_REGRESSION -> numbers(examples, outputs);
      case TOKEN_CLASSIFICATION -> words(examples, outputs);
      case EMBEDDING ->
          examples.stream().allMatch(example -> example.target().length == 1)
              ? similarities(examples, outputs)
              : Retrieval.of(examples, outputs);
      case RERANKING -> rankings(examples, outputs);
    };
  }

  /** Fits the temperature of classes or labels to held-out examples; none for other tasks. */
  public Calibration calibrate(List<TaskExample> examples, List<float[][]> outputs) {
    return switch (task) {
      case TEXT_CLASSIFICATION -> Calibration.ofClasses(classes(examples), first(outputs));
      case MULTI_LABEL -> Calibration.ofLabels(flags(examples), first(outputs));
      default -> Calibration.NONE;
    };
  }

  private static float[][] first(List<float[][]> outputs) {
    return outputs.stream().map(rows -> rows[0]).toArray(float[][]::new);
  }

  private static int[] classes(List<TaskExample> examples) {
    return examples.stream().mapToInt(TaskExample::label).toArray();
  }

  private static boolean[][] flags(List<TaskExample> examples) {
    boolean[][] flags = new boolean[examples.size()][];
    for (int i = 0; i < flags.length; i++) {
      float[] target = examples.get(i).target();
      flags[i] = new boolean[target.length];
      for (int label = 0; label < target.length; label++) {
        flags[i][label] = target[label] > 0;
      }
    }
    return flags;
  }

  private float[][] softmax(List<float[][]> outputs) {
    return outputs.stream()
        .map(rows -> Probabilities.softmax(rows[0], temperature))
        .toArray(float[][]::new);
  }

  private float[][] sigmoid(List<float[][]> outputs) {
    return outputs.stream()
        .map(rows -> Probabilities.sigmoid(rows[0], temperature))
        .toArray(float[][]::new);
  }

  private static NumberScore numbers(List<TaskExample> examples, List<float[][]> outputs) {
    return NumberScore.of(
        examples.stream().mapToDouble(example -> example.target()[0]).toArray(),
        outputs.stream().mapToDouble(rows -> rows[0][0]).toArray());
  }

  private static NumberScore similarities(List<TaskExample> examples, List<float[][]> outputs) {
    return NumberScore.of(
        examples.stream().mapToDouble(example -> example.target()[0]).toArray(),
        outputs.stream().mapToDouble(rows -> Retrieval.cosine(rows[0], rows[1])).toArray());
  }

  private WordScore words(List<TaskExample> examples, List<float[][]> outputs) {
    List<float[]> probabilities = new ArrayList<>();
    List<Integer> targets = new ArrayList<>();
    List<List<String>> wanted = new ArrayList<>();
    List<List<String>> found = new ArrayList<>();
    for (int i = 0; i < examples.size(); i++) {
      List<String> wantedHere = new ArrayList<>();
      List<String> foundHere = new ArrayList<>();
      float[] target = examples.get(i).target();
      for (int token = 0; token < target.length; token++) {
        if (target[token] >= 0) {
          float[] row = Probabilities.softmax(outputs.get(i)[token], temperature);
          probabilities.add(row);
          targets.add((int) target[token]);
          wantedHere.add(labels.name((int) target[token]));
          foundHere.add(labels.name(Probabilities.mostProbable(row)));
        }
      }
      wanted.add(wantedHere);
      found.add(foundHere);
    }
    ClassificationScore words =
        ClassificationScore.of(
            labels.names(),
            targets.stream().mapToInt(Integer::intValue).toArray(),
            probabilities.toArray(float[][]::new));
    return new WordScore(
        words,
        EntityScore.isMarkedBy(labels.names())
            ? Optional.of(EntityScore.of(wanted, found))
            : Optional.empty());
  }

  private static RankingScore rankings(List<TaskExample> examples, List<float[][]> outputs) {
    Map<String, List<double[]>> byQuery = new LinkedHashMap<>(); // score, relevance
    for (int i = 0; i < examples.size(); i++) {
      byQuery
          .computeIfAbsent(examples.get(i).group(), query -> new ArrayList<>())
          .add(new double[] {outputs.get(i)[0][0], examples.get(i).target()[0]});
    }
    return RankingScore.of(
        byQuery.values().stream()
            .map(
                items ->
                    new RankingScore.Ranked(
                        items.stream().mapToDouble(item -> item[0]).toArray(),
                        items.stream().mapToDouble(item -> item[1]).toArray()))
            .toList());
  }
}
