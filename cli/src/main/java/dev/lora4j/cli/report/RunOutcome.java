package dev.lora4j.cli.report;

import dev.lora4j.llm.recipe.TaskRun;
import dev.lora4j.train.RunResult;

/** The part of a run's result that depends on the kind of model. */
public sealed interface RunOutcome {

  /**
   * A language model's: continuations of one prompt by the base and with the adapter.
   *
   * @param tokens tokens in the steps
   * @param lossTokens loss tokens of the steps
   */
  record Text(String prompt, String before, String after, long tokens, long lossTokens)
      implements RunOutcome {
    public double tokensPerSecond(RunResult run) {
      return tokens / (run.duration().toNanos() / 1e9);
    }
  }

  /** A task's on texts: its validation scores and calibration. */
  record OfTask(TaskRun.Result result) implements RunOutcome {
    public double tokensPerSecond() {
      return result.training().tokensPerSecond();
    }
  }

  /** A classifier's or a regression's: the test score of the base and with the adapter. */
  record Scores(TestScore before, TestScore after) implements RunOutcome {
    public double stepsPerSecond(RunResult run) {
      return run.steps() / (run.duration().toNanos() / 1e9);
    }
  }
}
