package dev.lora4j.spark;

import dev.lora4j.spark.exchange.TimedGroup;
import dev.lora4j.train.TrainingCallback;
import java.util.ArrayList;
import java.util.List;

/** The times of an attempt's steps. */
final class StepTimes implements TrainingCallback {
  private final TimedGroup group;
  private final List<Double> stepSeconds = new ArrayList<>();
  private final List<Double> exchangeSeconds = new ArrayList<>();
  private long resumedFrom;
  private long tokens;
  private double seconds;

  StepTimes(TimedGroup group) {
    this.group = group;
  }

  @Override
  public void onStart(long steps, long done) {
    resumedFrom = done;
  }

  @Override
  public void onStep(Step step) {
    double took = step.duration().toNanos() / 1e9;
    stepSeconds.add(took);
    exchangeSeconds.add(group.lap());
    tokens += step.tokens();
    seconds += took;
  }

  @Override
  public void onEvaluation(Evaluation evaluation) {
    group.lap(); // not a step's
  }

  long resumedFrom() {
    return resumedFrom;
  }

  double tokensPerSecond() {
    return seconds == 0 ? 0 : tokens / seconds;
  }

  double medianStep() {
    return median(stepSeconds);
  }

  double medianExchange() {
    return median(exchangeSeconds);
  }

  private static double median(List<Double> values) {
    return values.isEmpty() ? 0 : values.stream().sorted().toList().get(values.size() / 2);
  }
}
