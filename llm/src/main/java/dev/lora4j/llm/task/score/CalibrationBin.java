package dev.lora4j.llm.task.score;

/**
 * Predictions of similar confidence.
 *
 * @param confidence mean probability of the predicted classes
 * @param accuracy share of predictions that are right
 */
public record CalibrationBin(double confidence, double accuracy, long examples) {}
