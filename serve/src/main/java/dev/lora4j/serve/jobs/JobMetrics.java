package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.train.CausalLmObjective;
import dev.lora4j.train.TrainingCallback.Evaluation;
import dev.lora4j.train.TrainingCallback.Step;
import java.util.Map;

/** OpenAI's names of the metrics of a job. Every validation is on all held-out examples. */
record JobMetrics(ObjectNode json) {
  static final String STEP = "step";
  static final String TRAIN_LOSS = "train_loss";
  static final String VALID_LOSS = "valid_loss";

  static JobMetrics none() {
    return new JobMetrics(JsonNodeFactory.instance.objectNode());
  }

  static JobMetrics of(Step step) {
    JobMetrics metrics = none();
    metrics.json.put(TRAIN_LOSS, step.loss());
    return metrics.putAccuracy("train_mean_token_accuracy", step.metrics());
  }

  static JobMetrics of(Evaluation evaluation) {
    JobMetrics metrics = none();
    metrics.json.put(VALID_LOSS, evaluation.loss()).put("full_valid_loss", evaluation.loss());
    return metrics
        .putAccuracy("valid_mean_token_accuracy", evaluation.metrics())
        .putAccuracy("full_valid_mean_token_accuracy", evaluation.metrics());
  }

  /** Preference pairs have no token accuracy. */
  private JobMetrics putAccuracy(String name, Map<String, Double> measured) {
    Double accuracy = measured.get(CausalLmObjective.TOKEN_ACCURACY);
    if (accuracy != null) {
      json.put(name, accuracy);
    }
    return this;
  }

  /** Returns these metrics and others. */
  JobMetrics and(JobMetrics others) {
    ObjectNode all = json.deepCopy();
    all.setAll(others.json);
    return new JobMetrics(all);
  }
}
