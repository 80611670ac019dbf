package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.train.TrainingFailed;
import java.io.Serializable;
import java.nio.file.Path;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.util.LongAccumulator;

/**
 * The work of one executor: it trains in a directory of its own, like a run on one machine, and
 * shares each step with the other executors. The first one copies its directory to the storage.
 *
 * @param workers number of worker threads of each executor
 * @param version the driver's version of lora4j
 * @param steps counts the steps
 * @param tokens counts the tokens of all steps
 */
record TrainingTask(
    RecipeFactory recipe,
    ClusterSettings settings,
    int workers,
    String version,
    RunStorage storage,
    LongAccumulator steps,
    LongAccumulator tokens)
    implements Serializable {
  private static final long serialVersionUID = 1;

  TaskOutcome run(BarrierTaskContext context) {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora4j-spark");
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary);
        TrainingAttempt attempt = TrainingAttempt.join(this, context, scratch.path())) {
      ClusterResult result = attempt.run();
      return TaskOutcome.of(context.partitionId() == 0 ? result : null);
    } catch (UserError e) {
      return TaskOutcome.of(e);
    } catch (TrainingFailed e) {
      return TaskOutcome.of(e);
    }
  }
}
