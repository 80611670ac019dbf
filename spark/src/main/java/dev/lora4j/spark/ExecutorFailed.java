package dev.lora4j.spark;

/** An error of one executor alone, which fails the stage: Spark ends the tasks that wait for it. */
final class ExecutorFailed extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The error without its cause: Spark ends the process of a task that runs out of memory. */
  ExecutorFailed(String place, RuntimeException error) {
    super(place + ": " + error.getMessage());
    setStackTrace(error.getStackTrace());
  }
}
