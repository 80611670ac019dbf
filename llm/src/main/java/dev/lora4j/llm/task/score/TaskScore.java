package dev.lora4j.llm.task.score;

import java.util.Map;

/** The score of a task's outputs. */
public sealed interface TaskScore
    permits ClassificationScore, MultiLabelScore, NumberScore, RankingScore, WordScore {

  /** Returns the figures that a training run reports after each evaluation. */
  Map<String, Double> metrics();
}
