package dev.lora4j.serve.jobs;

/** The refusal of a request for a file, a job or a fine-tuned model. */
public final class JobRefusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The kind of a refusal. */
  public enum Kind {
    /** There is nothing of that id. */
    UNKNOWN,
    /** The status of the job does not allow it. */
    CONFLICT,
    /** A bound on the files is reached. */
    TOO_LARGE,
    /** A bound on the jobs is reached. */
    TOO_MANY
  }

  private final Kind kind;

  private JobRefusal(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  static JobRefusal unknown(String thing, String id) {
    return new JobRefusal(Kind.UNKNOWN, "no such " + thing + ": " + id);
  }

  static JobRefusal conflict(String action, FineTuningJob job) {
    return new JobRefusal(
        Kind.CONFLICT,
        "can't %s job %s: its status is %s".formatted(action, job.id(), job.status().word()));
  }

  static JobRefusal tooLarge(String message) {
    return new JobRefusal(Kind.TOO_LARGE, message);
  }

  static JobRefusal tooMany(String message) {
    return new JobRefusal(Kind.TOO_MANY, message);
  }

  public Kind kind() {
    return kind;
  }
}
