package dev.lora4j.llm.task.score;

/** A number that was predicted, beside the right one. */
public record PredictedNumber(double target, double predicted) {}
