package dev.lora4j.spark;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.nn.runtime.OutOfMemory;
import dev.lora4j.train.TrainingFailed;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.TaskKilledException;
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
  private static final long MAX_WAIT_NANOS = 5_000_000_000L;
  private static final long POLL_NANOS = 20_000_000L;

  /**
   * Trains.
   *
   * @return also an error that all executors have, since Spark would repeat the stage for a thrown
   *     one
   * @throws ExecutorFailed for an error of this executor alone
   */
  TaskOutcome run(BarrierTaskContext context) {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora4j-spark");
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary);
        TrainingAttempt attempt = TrainingAttempt.join(this, context, scratch.path())) {
      ClusterResult result = attempt.run();
      return TaskOutcome.of(context.partitionId() == 0 ? result : null);
    } catch (CommonMistake e) {
      return TaskOutcome.of(e);
    } catch (TrainingFailed e) {
      if (OutOfMemory.isIn(e)) {
        throw new ExecutorFailed(TrainingAttempt.place(context), e);
      }
      return TaskOutcome.of(e); // the loss, which all executors have
    } catch (UserError | CorruptFile e) {
      throw new ExecutorFailed(TrainingAttempt.place(context), e);
    } catch (TaskKilledException e) {
      throw e;
    } catch (RuntimeException e) {
      awaitKill(context);
      throw e;
    }
  }

  /** Lets an executor whose loss has caused this task's error be the one that Spark reports. */
  private static void awaitKill(BarrierTaskContext context) {
    long end = System.nanoTime() + MAX_WAIT_NANOS;
    while (!context.isInterrupted() && System.nanoTime() < end) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }
}
